import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { When } from '../../src/callbacks/when.js';
import { subjectOf } from '../../src/dispatch/subject.js';
import { compileWhen } from '../../src/dispatch/when.js';
import { runBridgeScript } from '../support/bridge-script.js';
import { packageDescription } from '../support/installation.js';
import { inProject } from '../support/project.js';
import { Diagnostics } from '../../src/config/values/config-cursor.js';
import { readYaml } from '../../src/config/yaml/yaml-source.js';
import { anyValue, decodeWire, encodeWire } from '../../src/synapse/protocol/wire-codec.js';
import { pythonIsMissing, pythonTools, pythonToolsFolder } from '../support/python-tools.js';
import { sampleEvent } from '../support/sample-event.js';
import { testSynapsePython } from '../support/synapse.js';
import { yamlTexts } from '../support/yaml-texts.js';
import { eventOf, type WhenEvent, whenTable } from '../support/when-table.js';

const run = promisify(execFile);
const folder = inProject('src/synapse/python');
const skip = await pythonIsMissing();

describe('the Python package of the bridge', { skip, concurrency: true }, () => {
  it('passes mypy --strict with the types of Synapse, for the oldest Python and the newest', async () => {
    const [tools, synapse] = [await pythonTools(), await testSynapsePython()];
    const cache = await mkdtemp(join(tmpdir(), 'vesicle-mypy-'));
    try {
      for (const version of ['3.10', '3.13']) {
        const args = ['--strict', '--python-version', version, '--cache-dir', cache, '--python-executable', synapse];
        assert.match(await output(tools, ['-m', 'mypy', ...args, 'vesicle_bridge']), /Success/);
      }
    } finally {
      await rm(cache, { recursive: true });
    }
  });

  it('passes ruff, and is formatted by it', async () => {
    const tools = await pythonTools();
    const files = ['vesicle_bridge', inProject('test/synapse/python'), inProject('bench/bridge')];
    const settings = ['--config', join(folder, 'pyproject.toml'), '--no-cache'];
    assert.match(await output(tools, ['-m', 'ruff', 'check', ...settings, ...files]), /All checks passed/);
    assert.match(await output(tools, ['-m', 'ruff', 'format', '--check', ...settings, ...files]), /already formatted/);
  });

  it('passes its own tests, which need no module host', async () => {
    const path = [folder, await pythonToolsFolder()].join(delimiter);
    const env = { ...process.env, PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' };
    const args = [
      '-m',
      'pytest',
      '-q',
      '-W',
      'ignore',
      '-p',
      'no:cacheprovider',
      inProject('test/synapse/python/unit'),
    ];
    const { stdout } = await run(await testSynapsePython(), args, { env, cwd: folder });
    assert.match(stdout, /^\d{3,} passed in /m);
  });

  it('is built as a wheel', async () => {
    const out = await mkdtemp(join(tmpdir(), 'vesicle-wheel-'));
    try {
      // pip builds in the folder: not in ours.
      const [source, wheels] = [join(out, 'source'), join(out, 'wheels')];
      await run('cp', ['-r', folder, source]);
      await output(await pythonTools(), ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '-w', wheels, source]);
      assert.deepEqual(await readdir(wheels), [`vesicle_bridge-${packageDescription().version}-py3-none-any.whl`]);
    } finally {
      await rm(out, { recursive: true });
    }
  });

  it('closes a connection that brings nonsense with one line, and neither fails nor grows', async () => {
    const { failures, lost, grown } = JSON.parse(await runBridgeScript('hostile_frames.py', ['100000'])) as {
      readonly failures: readonly string[];
      readonly lost: number;
      /** Kibibytes. */
      readonly grown: number;
    };
    assert.deepEqual(failures, []);
    assert.ok(lost > 1000, `${lost} connections were closed`);
    assert.ok(grown < 32_768, `the memory grew by ${grown} KiB`);
  });

  it('sends the events of a large room in pieces that do not hold up Synapse, each once', async () => {
    const { problems, longest } = JSON.parse(await runBridgeScript('event_pieces.py')) as {
      readonly problems: readonly string[];
      /** Seconds of one piece. */
      readonly longest: number;
    };
    assert.deepEqual(problems, []);
    assert.ok(longest < 0.1, `a piece took ${longest} s`);
  });

  it('keeps an answer that Synapse writes in many pieces at the same price for each', async () => {
    const { few, many } = JSON.parse(await runBridgeScript('answer_in_pieces.py')) as Record<'few' | 'many', number>;
    assert.ok(many < few * 16 * 4, `16 times the pieces took ${many} s, not ${few} s`);
  });

  it('answers with an error that can be told in place of one that cannot', async () => {
    const told = JSON.parse(await runBridgeScript('unspeakable_errors.py')) as readonly string[];
    assert.match(told[0] ?? '', /^0 a ValueError that cannot be sent: .*too long/);
    assert.match(
      told[1] ?? '',
      /^1 a SynapseError that cannot be sent: .*additional_fields\.field is of the type object/,
    );
    assert.equal(told[2], '2 no');
  });

  it('sends any value of Python or refuses it, and loses no call over any answer', async () => {
    const { problems, grown, ...counts } = JSON.parse(await runBridgeScript('hostile_wire.py', ['50000'])) as {
      readonly problems: readonly string[];
      /** Kibibytes. */
      readonly grown: number;
      readonly sent: number;
      readonly refused: number;
      readonly answered: number;
      readonly failed: number;
    };
    assert.deepEqual(problems, []);
    for (const [what, count] of Object.entries(counts)) assert.ok(count > 3_000, `${what}: ${count}`);
    assert.ok(grown < 32_768, `the memory grew by ${grown} KiB`);
  });

  it('gives back each value that JavaScript sends', async () => {
    const leaf = fc.oneof(
      ...[
        fc.string({ unit: 'binary' }),
        fc.double().filter((value) => !isRounded(value)),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ],
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map((value) => (isSafe(value) ? Number(value) : value)),
      fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
      fc.uint8Array(),
      fc.uniqueArray(fc.string()).map((items) => new Set(items)),
      fc.constantFrom('$vesicle', '\ud800', -0, 1e300),
    );
    const key = fc.oneof(fc.string(), fc.constantFrom('$vesicle', 'value', '__proto__', '\udfff'));
    const values = fc.sample(
      fc.letrec((tie) => ({
        any: fc.oneof(
          { maxDepth: 4 },
          leaf,
          fc.array(tie('any')),
          fc.dictionary(key, tie('any'), { noNullPrototype: true }),
        ),
      })).any,
      { numRuns: 3_000, seed: 11 },
    );
    const sent = values.map((value) => encodeWire(anyValue(value), 'it'));
    const texts = JSON.parse(
      await runBridgeScript('wire_round_trip.py', [], JSON.stringify(sent)),
    ) as readonly string[];
    for (const [index, text] of texts.entries()) {
      assert.deepEqual(decodeWire(JSON.parse(text)), values[index], sent[index]);
    }
  });

  it('sends what a YAML file holds, or refuses it with its key', async () => {
    const cases: readonly (readonly [yaml: string, outcome: unknown])[] = [
      ['since: 2026-01-31', { since: new Date('2026-01-31') }],
      ['at: 2026-01-31 12:00:00.25 +05:30', { at: new Date('2026-01-31T06:30:00.250Z') }],
      ['at: 2026-01-31T12:00:00', { at: new Date('2026-01-31T12:00:00Z') }],
      ['a: [.inf, -.inf, .nan, -0.0]', { a: [Infinity, -Infinity, NaN, -0] }],
      ['who: !!set {a, b}', { who: new Set(['a', 'b']) }],
      ['key: !!binary AP8=', { key: new Uint8Array([0, 255]) }],
      [
        'list: !!omap [a: 1, b: 2]',
        {
          list: [
            ['a', 1],
            ['b', 2],
          ],
        },
      ],
      ['id: 9007199254740993', { id: 9007199254740993n }],
      ['2: a\ntrue: b\nnull: c\n1.5: d', { 2: 'a', true: 'b', null: 'c', '1.5': 'd' }],
      ['a: {2: b, "2": c}', { path: ['a'], message: 'is a mapping with two keys 2' }],
      ['$vesicle: 1', { $vesicle: 1 }],
      ['2026-01-31: a', { path: [], message: 'is a mapping with a key of the type date' }],
      ['a: {2026-01-31: b}', { path: ['a'], message: 'is a mapping with a key of the type date' }],
      ['a: [&x {b: *x}]', { path: ['a', '<item 0>'], message: 'is nested too deeply, or holds itself' }],
    ];
    const texts = cases.map(([text]) => `- config:\n${text.replace(/^/gm, '    ')}\n`);
    const results = JSON.parse(await runBridgeScript('yaml_over_wire.py', [], JSON.stringify(texts))) as readonly {
      readonly wire?: string;
      readonly path?: readonly string[];
      readonly message?: string;
    }[];
    for (const [index, [text, outcome]] of cases.entries()) {
      const { wire, path, message = '' } = results[index] ?? {};
      if (wire !== undefined) {
        assert.deepEqual(decodeWire(JSON.parse(wire)), [{ config: outcome }], text);
        continue;
      }
      const refused = outcome as { readonly path: readonly string[]; readonly message: string };
      assert.deepEqual(
        path?.slice(0, 3 + refused.path.length),
        ['modules', '<item 0>', 'config', ...refused.path],
        text,
      );
      assert.match(message, new RegExp(`^${refused.message}, which cannot be sent`), text);
    }
  });

  it('sends of any YAML what the embedded homeserver reads of it', async () => {
    const texts = fc.sample(yamlTexts, { numRuns: 3_000, seed: 13 });
    const read = texts.map((text) => {
      const diagnostics = new Diagnostics();
      const { value } = readYaml(text, diagnostics, {
        env: {},
        files: { read: () => ({ reason: '' }) },
        directory: '.',
      });
      return { value, isRight: diagnostics.problems.length === 0 };
    });
    const results = JSON.parse(await runBridgeScript('yaml_over_wire.py', [], JSON.stringify(texts))) as readonly {
      readonly wire?: string;
    }[];
    let compared = 0;
    for (const [index, { value, isRight }] of read.entries()) {
      const wire = results[index]?.wire;
      if (!isRight || wire === undefined) continue;
      compared++;
      assert.deepEqual(decodeWire(JSON.parse(wire)), value, texts[index]);
    }
    assert.ok(compared > 800, `${compared} files were compared`);
  });

  it('has the patience for a network that is slow, also when it connects again', async () => {
    const { waits, error } = JSON.parse(await runBridgeScript('dial_patience.py')) as {
      /** Seconds. */
      readonly waits: readonly number[];
      readonly error: string;
    };
    assert.match(error, /cannot reach the module host at tcp:elsewhere:1: too slow/);
    assert.ok(waits.length === 1 && (waits[0] ?? 0) >= 1, `it waits ${waits.join()} s`);
  });

  it('evaluates `when` as the dispatcher does', async () => {
    const events = whenTable.events.map(({ when, event }) => ({ when, event }));
    const random = fc.sample(fc.record({ when: randomWhen(), event: randomEvent() }), { numRuns: 3000, seed: 5 });
    const table = { ...whenTable, events: [...events, ...random] };
    const answers = JSON.parse(await runBridgeScript('when_table.py', [], JSON.stringify(table))) as {
      readonly events: readonly boolean[];
      readonly arguments: readonly boolean[];
    };
    assert.deepEqual(
      answers.arguments,
      whenTable.arguments.map((row) => row.passes),
    );
    const expected = table.events.map(({ when, event }) => dispatcherPasses(when, { ...whenTable.event, ...event }));
    const wrong = table.events.filter((_, index) => answers.events[index] !== expected[index]);
    assert.deepEqual(wrong, []);
  });
});

async function output(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(command, args, { cwd: folder, maxBuffer: 2 ** 24 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    assert.fail(`${command} ${args.join(' ')}:\n${stdout}${stderr}`);
  }
}

/** Whole numbers beyond 2^53 come back as a bigint. */
function isRounded(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21;
}

function isSafe(value: bigint): boolean {
  return Number.isSafeInteger(Number(value));
}

function dispatcherPasses(when: When, event: WhenEvent): boolean {
  const problems: string[] = [];
  const isLocal = (userId: unknown): boolean => String(userId).endsWith(':here');
  const filter = compileWhen(when, subjectOf(['event']), isLocal, (problem) => problems.push(problem));
  assert.deepEqual(problems, []);
  return filter([sampleEvent(eventOf(event))]);
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\u{1F600}', 'é'), maxLength: 5 });
const scalar = fc.oneof(letters, fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));

function randomTest(): fc.Arbitrary<unknown> {
  const form = fc.oneof(
    scalar,
    fc.array(scalar, { minLength: 1, maxLength: 3 }),
    fc.record({ glob: fc.oneof(letters, fc.array(letters, { minLength: 1, maxLength: 2 })) }),
    fc.record({ prefix: fc.oneof(letters, fc.array(letters, { minLength: 1, maxLength: 2 })) }),
    fc.record({ exists: fc.boolean() }),
  );
  return fc.oneof(form, fc.record({ not: form }));
}

function randomWhen(): fc.Arbitrary<When> {
  const test = randomTest();
  const members = {
    type: test,
    state_key: test,
    sender: fc.oneof(test, fc.record({ local: fc.boolean() })),
    'content.a': test,
    'content.b.c': test,
    'content.b\\.c': test,
  };
  const plain = fc.record(members, { requiredKeys: [] });
  const negated = fc.record(
    { ...members, not: fc.oneof(plain, fc.array(plain, { maxLength: 2 })) },
    { requiredKeys: [] },
  );
  return fc.oneof(plain, negated) as fc.Arbitrary<When>;
}

function randomEvent(): fc.Arbitrary<Partial<WhenEvent>> {
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), fc.dictionary(fc.constantFrom('c', 'd'), scalar));
  const content = fc.dictionary(fc.constantFrom('a', 'b', 'b.c'), value, { noNullPrototype: true });
  const sender = fc.constantFrom('@a:here', '@a:there');
  return fc.record({ type: letters, state_key: letters, sender, content }, { requiredKeys: ['content'] });
}
