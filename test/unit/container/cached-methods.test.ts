import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cached, injectable, Module, ModuleApi } from '../../../src/index.js';
import { checkModules, startHomeserver } from '../../../src/testing/index.js';

let runs: string[] = [];

@injectable()
class Dictionary {
  @Cached()
  async meaningOf(word: string): Promise<string> {
    runs.push(`dictionary ${word}`);
    return word.toUpperCase();
  }
}

@Module({ services: [Dictionary] })
class Scores {
  constructor(
    readonly api: ModuleApi,
    readonly dictionary: Dictionary,
  ) {}

  @Cached({ maxEntries: 2 })
  async scoreOf(word: string, weights: readonly number[] = [], isStrict?: boolean): Promise<number> {
    runs.push(JSON.stringify([word, weights, isStrict ?? null]));
    await Promise.resolve();
    if (word === 'fail') throw new Error('no score');
    return word.length;
  }

  async forget(word: string): Promise<void> {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- the cache stands in its place, and needs no instance
    await this.api.invalidateCache(this.scoreOf, [word]);
  }
}

async function start(): Promise<{ readonly scores: Scores; readonly close: () => Promise<void> }> {
  runs = [];
  const hs = await startHomeserver({ modules: [Scores] });
  return { scores: hs.module(Scores), close: () => hs.close() };
}

test('a result is kept by its arguments until it is forgotten', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  assert.deepEqual([await scores.scoreOf('one'), await scores.scoreOf('one', undefined)], [3, 3]);
  await scores.scoreOf('one', [1, 2]);
  await scores.scoreOf('one', [1, 2]);
  assert.equal(runs.length, 2);
  await scores.forget('one');
  await scores.scoreOf('one', [1, 2]);
  await scores.scoreOf('one');
  assert.equal(runs.length, 3);
});

test('calls at the same time share one run, and a failure is not kept', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  assert.deepEqual(await Promise.all([scores.scoreOf('one'), scores.scoreOf('one')]), [3, 3]);
  assert.equal(runs.length, 1);
  await Promise.all([assert.rejects(scores.scoreOf('fail')), assert.rejects(scores.scoreOf('fail'))]);
  await assert.rejects(scores.scoreOf('fail'), { message: 'no score' });
  assert.equal(runs.length, 3);
});

test('what was forgotten while it was computed is computed anew', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  const early = scores.scoreOf('one');
  await scores.forget('one');
  await early;
  await scores.scoreOf('one');
  assert.equal(runs.length, 2);
});

test('the result that was not asked for the longest goes first', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  for (const word of ['one', 'two', 'one', 'three', 'one', 'two']) await scores.scoreOf(word);
  assert.deepEqual(
    runs.map((run) => (JSON.parse(run) as string[])[0]),
    ['one', 'two', 'three', 'two'],
  );
});

test('methods of services are cached too, each instance for itself', async (t) => {
  const [one, two] = [await start(), await start()];
  t.after(one.close);
  t.after(two.close);
  for (const { scores } of [one, one, two]) await scores.dictionary.meaningOf('a');
  assert.deepEqual(runs, ['dictionary a', 'dictionary a']);
});

test('what cannot be a key, and what has no cache, is said', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  await assert.rejects(scores.scoreOf({} as unknown as string), {
    code: 'KERNEL_CACHE_KEY_INVALID',
    message: /Scores\.scoreOf: its results cannot be kept by an argument that is of type object/,
  });
  const plain = async (_word: string): Promise<number> => 1;
  await assert.rejects(scores.api.invalidateCache(plain, ['one']), { type: 'AttributeError' });
});

test('numbers, texts and nothing are different keys', async (t) => {
  const { scores, close } = await start();
  t.after(close);
  const keys: readonly (readonly unknown[])[] = [['1'], [1], [NaN], ['NaN'], [null], [undefined, 1], [null, 1], [[1]]];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- as above
  const score = scores.scoreOf as unknown as (...args: readonly unknown[]) => Promise<number>;
  for (const key of keys) await score(...key).catch(() => undefined);
  assert.equal(runs.length, keys.length);
});

test('a cache on a static method, or of no entries, is refused', async () => {
  @Module()
  class Wrong {
    @Cached({ maxEntries: 0 })
    static async score(): Promise<number> {
      return 1;
    }
  }
  const [problem] = await checkModules({ modules: [Wrong] });
  assert.match(problem?.message ?? '', /@Cached\(\) stands on a static member/);
  assert.match(problem?.message ?? '', /maxEntries must be a whole number above 0/);
});
