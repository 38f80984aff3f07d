import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { inProject } from '../support/project.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const run = promisify(execFile);
/** Its tables stand somewhere in it. */
const bridge = 'src/synapse/python';
const category = 'src/callbacks/spam-checker.ts';
const name = 'check_event_for_spam_example';

const handlerType = `  /** An example. */
  readonly ${name}: (event: MatrixEvent, inviter: UserId) => Promise<SpamVerdict>;
`;
const row = `  ${name}: spamGate<Handlers['${name}']>({
    args: { event: 'event', inviter: 'json' },
    accepts: false,
    summary: 'Is this event an example?',
    source: 'handlers/example.py: example',
  }),
`;
const place = `import type { SpamOutcome } from '../callbacks/spam-verdict.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { MatrixEvent } from '../matrix/event.js';

export async function isExample(dispatch: Dispatcher, event: MatrixEvent): Promise<SpamOutcome> {
  return await dispatch.ask('spam_checker', '${name}', event, event.sender);
}
`;
const overTheWire = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Callback } from '../src/decorators/callback.js';
import { Module } from '../src/decorators/module.js';
import { type Code, Codes } from '../src/errors/matrix-codes.js';
import type { MatrixEvent } from '../src/matrix/event.js';
import type { UserId } from '../src/matrix/ids.js';
import { FakeBridge } from './support/fake-bridge.js';
import { openTestHost } from './support/module-host-process.js';

@Module()
class Example {
  static given: unknown[] = [];

  @Callback('spam_checker', '${name}')
  async check(event: MatrixEvent, inviter: UserId): Promise<Code> {
    Example.given.push(event.type, inviter);
    return Codes.LIMIT_EXCEEDED;
  }
}

test('the example is asked', async (t) => {
  const { address } = await openTestHost(t, { example: Example });
  const bridge = await FakeBridge.open(t, address, [{ module: 'example' }]);
  const event = { event_id: '$1', room_id: '!r:x', room_version: '11', pdu: { type: 'm.x', sender: '@a:x', content: {} } };
  assert.deepEqual(await bridge.invoke('spam_checker.${name}', event, '@b:x'), { errcode: 'M_LIMIT_EXCEEDED' });
  assert.deepEqual(Example.given, ['m.x', '@b:x']);
});
`;

test('a callback is added by its row and the place that asks: the rest is generated, and it runs over the bridge', async (t) => {
  const folder = await temporaryFolder(t);
  const at = (path: string): string => join(folder, path);
  const isCase = (path: string): boolean => /[/\\](cases|__pycache__)$/.test(path);
  for (const path of ['src', 'test', 'docs', 'package.json', '.prettierrc.json'])
    await cp(inProject(path), at(path), { recursive: true, filter: (source) => !isCase(source) });
  await symlink(inProject('node_modules'), at('node_modules'));
  const tsconfig = JSON.parse(await readFile(inProject('tsconfig.json'), 'utf8')) as object;
  const include = ['src', 'test/docs/main.ts', 'test/example.test.ts'];
  await writeFile(at('tsconfig.json'), JSON.stringify({ ...tsconfig, include }));
  await writeFile(at('test/example.test.ts'), overTheWire);

  await writeFile(at(category), added(await readFile(at(category), 'utf8')));
  await writeFile(at('src/homeserver/example.ts'), place);

  const node = async (...args: string[]): Promise<void> => {
    // A test inside of a test reports in a way that only the outer one reads.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    await run(process.execPath, args, { cwd: folder, env });
  };
  await node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  await node('dist/test/docs/main.js');
  await node('--test', 'dist/test/example.test.js');

  assert.deepEqual(await changedFiles(folder), [
    'docs/callbacks.md',
    'docs/protocol.md',
    'src/callbacks/spam-checker.ts',
    'src/homeserver/example.ts',
    'src/synapse/protocol/protocol.json',
    bridge,
    'test/conformance/recorder/callbacks.json',
    'test/example.test.ts',
  ]);
});

/** The category with one more handler type and row, each at the end of its list. */
function added(text: string): string {
  return text
    .replace(/(?<=interface SpamCheckerCallbacks \{[^]*?)^\}/m, `${handlerType}}`)
    .replace('} satisfies CombinationRules<', `${row}} satisfies CombinationRules<`);
}

/** The files of a copy of the project that are not as in the project; the bridge counts as one. */
async function changedFiles(folder: string): Promise<string[]> {
  const changed = new Set<string>();
  for (const part of ['src', 'test', 'docs']) {
    for (const entry of await readdir(join(folder, part), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
      const [now, before] = await Promise.all([
        readFile(join(folder, path)),
        readFile(inProject(path)).catch(() => undefined),
      ]);
      if (before?.equals(now) !== true) changed.add(path.startsWith(`${bridge}/`) ? bridge : path);
    }
  }
  return [...changed].sort();
}
