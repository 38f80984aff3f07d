import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  Callback,
  Codes,
  ConfigError,
  injectable,
  Logger,
  type MatrixEvent,
  Module,
  ModuleApi,
  NOT_SPAM,
  postConstruct,
  preDestroy,
  type SpamVerdict,
  tuple,
  type UserId,
} from '../../../src/index.js';
import { checkModules, startHomeserver, type TestModule } from '../../../src/testing/index.js';

@injectable()
class Dictionary {
  constructor(readonly api: ModuleApi) {}

  async has(word: string): Promise<boolean> {
    return word === (await this.api.getQualifiedUserId('casino'));
  }
}

@Module({ services: [Dictionary] })
class Filter {
  isClosed = false;

  static parseConfig(config: { readonly word?: unknown }): unknown {
    if (config.word === 5) throw new ConfigError('must be a text', ['word']);
    if (config.word === 'throw') throw new Error('cannot be read', { cause: new Error('no such file') });
    return config;
  }

  constructor(
    private readonly dictionary: Dictionary,
    readonly api: ModuleApi,
    readonly log: Logger,
  ) {}

  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async check(event: MatrixEvent): Promise<SpamVerdict> {
    const { body } = event.content;
    if (body === 'crash') throw new Error('crash');
    return typeof body === 'string' && (await this.dictionary.has(body)) ? Codes.FORBIDDEN : NOT_SPAM;
  }

  @preDestroy()
  close(): void {
    this.isClosed = true;
  }
}

class Everything {
  async has(): Promise<boolean> {
    return true;
  }
}

test('a service is replaced by an object or a class, for one module and not for another', async () => {
  const modules: TestModule[] = [
    { module: Filter, services: [[Dictionary, { has: async (word: string) => word === 'lottery' }]] },
  ];
  await using hs = await startHomeserver({ modules });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.send(room, 'lottery')).status, 403);
  assert.equal((await alice.send(room, 'casino')).status, 200);
  await hs.reload(Filter, { services: [[Dictionary, Everything]] });
  assert.equal((await alice.send(room, 'anything')).status, 403);
  await hs.reload(Filter, { services: [] });
  assert.equal((await alice.send(room, 'anything')).status, 200);
});

test('the ModuleApi and the Logger of a module are services too', async () => {
  const lines: string[] = [];
  const double = { getQualifiedUserId: async (name: string) => name as UserId };
  const log = { info: (line: string) => lines.push(line) };
  const services = [
    [ModuleApi, double],
    [Logger, log],
  ] as const;
  await using hs = await startHomeserver({ modules: [{ module: Filter, services }] });
  hs.module(Filter).log.info('hello');
  assert.deepEqual(lines, ['hello']);
  const alice = await hs.user('alice');
  assert.equal((await alice.send(await alice.createRoom(), 'casino')).status, 403);
});

test('calls are recorded with answer, throw, duration and what left them out', async () => {
  await using hs = await startHomeserver({ modules: [Filter, { module: Filter, mode: 'audit' }] });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  hs.calls.clear();
  await alice.send(room, 'good morning');
  await alice.sendState(room, 'm.room.topic', { topic: 'x' });
  await alice.send(room, 'crash');
  const checks = hs.calls.of('spam_checker', 'check_event_for_spam');
  assert.deepEqual(
    checks.map(({ module, mode, answer, args: [event] }) => [module, mode, answer, event.content['body']]),
    [
      ['Filter', 'enforce', NOT_SPAM, 'good morning'],
      ['Filter (2)', 'audit', NOT_SPAM, 'good morning'],
      ['Filter', 'enforce', undefined, 'crash'],
    ],
  );
  assert.equal((checks[2]?.error as Error).message, 'crash');
  assert.ok(checks.every(({ duration, startedAt }) => duration > 0 && startedAt === hs.clock.now()));
  assert.deepEqual(
    hs.calls.list({ isSkipped: true }).map(({ module, skipped }) => [module, skipped]),
    [
      ['Filter', 'when'],
      ['Filter (2)', 'when'],
    ],
  );
  assert.equal(hs.calls.list({ module: Filter }).length, 5);
  assert.equal(hs.calls.list({ module: 'Filter (2)', category: 'spam_checker' }).length, 2);
  assert.equal(hs.calls.list({ category: 'third_party_rules' }).length, 0);
});

test('a callback that is off is not called, and the record says so', async () => {
  const callbacks = { check_event_for_spam: { mode: 'off' } } as const;
  await using hs = await startHomeserver({ modules: [{ module: Filter, callbacks }] });
  const alice = await hs.user('alice');
  assert.equal((await alice.send(await alice.createRoom(), 'crash')).status, 200);
  assert.equal(hs.calls.list().at(-1)?.skipped, 'off');
});

test('a reload ends the old instance, and leaves it running when the new one is wrong', async () => {
  await using hs = await startHomeserver({ modules: [Filter] });
  const first = hs.module(Filter);
  await assert.rejects(hs.reload(Filter, { config: { word: 5 } }), /modules\.<item 0>\.config\.word/);
  assert.equal(hs.module(Filter), first);
  await hs.reload(Filter);
  assert.notEqual(hs.module(Filter), first);
  assert.equal(first.isClosed, true);
});

test('what cannot be meant is said', async () => {
  await using hs = await startHomeserver({ modules: [Filter, Filter] });
  assert.throws(() => hs.module(Everything), /There is no running module "Everything"/);
  assert.throws(() => hs.module(Filter), /name one of "Filter", "Filter \(2\)"/);
  await hs.reload('Filter (2)');
  await assert.rejects(hs.reload('Filters'), { code: 'KERNEL_MODULE_UNKNOWN' });
});

test('configuration errors are values', async () => {
  const problemsOf = (config: unknown): ReturnType<typeof checkModules> =>
    checkModules({ modules: [[Filter, config]] });
  assert.deepEqual(await problemsOf({}), []);
  assert.deepEqual(await problemsOf({ word: 5 }), [
    { code: 'CONFIG_INVALID', path: 'modules.<item 0>.config.word', message: 'must be a text' },
  ]);
  assert.deepEqual(await problemsOf({ word: 'throw' }), [
    { code: 'CONFIG_INVALID', path: 'modules.<item 0>.config', message: 'cannot be read: no such file' },
  ]);
  const [problem] = await checkModules({ modules: [], config: { server_nme: 'x' } });
  assert.deepEqual(problem, {
    code: 'CONFIG_INVALID',
    path: 'server_nme',
    message: 'unknown key "server_nme". Did you mean "server_name"?',
  });
});

test('a module that cannot be made or started is a value as well', async () => {
  @Module()
  class Broken {
    @postConstruct()
    open(): void {
      throw new Error('no database');
    }
  }
  const [problem] = await checkModules({ modules: [Broken] });
  assert.equal(problem?.code, 'KERNEL_START_FAILED');
  assert.equal(problem.path, undefined);
  assert.match(problem.message, /^Broken .*: a method with @postConstruct failed: Error: no database$/);
  await assert.rejects(checkModules({ modules: [Filter], now: 'never' }), RangeError);
});

test('a module is named by its file too', async () => {
  const file = fileURLToPath(new URL('../../../../samples/word-filter/module.ts', import.meta.url));
  await using hs = await startHomeserver({ modules: [[file, { banned_words: ['casino'] }]] });
  const alice = await hs.user('alice');
  assert.equal((await alice.send(await alice.createRoom(), 'casino')).status, 403);
  await hs.reload(file, { config: { banned_words: ['lottery'] } });
  assert.equal(hs.calls.list({ module: 'WordFilter' }).length > 0, true);
});

test('two classes of one name are two modules', async () => {
  const make = (answer: string): TestModule => {
    @Module()
    class Same {
      static parseConfig(config: unknown): unknown {
        if (answer === 'bad') throw new ConfigError('bad');
        return config;
      }
    }
    return Same;
  };
  const problems = await checkModules({ modules: [make('good'), make('bad')] });
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['modules.<item 1>.config'],
  );
});

test('users log in by a login type of a module', async () => {
  @Module()
  class Cards {
    @Callback('password_auth_provider', 'auth_checkers', { loginType: 'com.example.card', fields: ['number'] })
    async check(username: string, _type: string, fields: { readonly number?: unknown }) {
      return fields.number === '42' ? tuple(`@${username}:localhost` as UserId, null) : null;
    }
  }
  await using hs = await startHomeserver({ modules: [Cards] });
  const alice = await hs.user('alice');
  const login = (number: string): ReturnType<typeof hs.login> =>
    hs.login({ type: 'com.example.card', identifier: { type: 'm.id.user', user: 'alice' }, number });
  const again = await login('42');
  assert.equal(again.userId, alice.userId);
  assert.notEqual(again.deviceId, alice.deviceId);
  await assert.rejects(login('43'), { status: 403, errcode: 'M_FORBIDDEN' });
});
