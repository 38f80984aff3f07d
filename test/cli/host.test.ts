import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { encodeFrames, FrameReader } from '../../src/synapse/transport/frames.js';
import { protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { FakeBridge, homeserver } from '../support/fake-bridge.js';
import { folderWith, runCli, startCli } from '../support/vesicle-cli.js';
import { vesicleCommand } from '../support/vesicle-process.js';

const module = `
import { Callback, Module } from 'vesicle';

@Module()
export class Strict {
  @Callback('third_party_rules', 'check_can_deactivate_user')
  async mayDeactivate() {
    console.log('printed by a module');
    return false;
  }
}
`;

test('vesicle bridge writes the bridge of this version', async (t) => {
  const folder = await folderWith(t, {});
  const { code, out } = await runCli(t, folder, ['bridge', '--out', 'python/deep']);
  assert.equal(code, 0);
  assert.equal(out, 'Wrote python/deep/vesicle_bridge. Put python/deep on the PYTHONPATH of Synapse.\n');
  assert.match(await readFile(join(folder, 'python/deep/vesicle_bridge/__init__.py'), 'utf8'), /import VesicleBridge/);
  const again = await runCli(t, folder, ['bridge', '--out', 'python/deep']);
  assert.match(again.out, /in place of that of \d+\.\d+\.\d+\. Restart/);
  for (const args of [[], ['--out', '']]) assert.equal((await runCli(t, folder, ['bridge', ...args])).code, 2);
  const belowFile = ['bridge', '--out', 'python/deep/vesicle_bridge/__init__.py/x'];
  assert.match((await runCli(t, folder, belowFile)).error, /^\[CLI_FILE_UNWRITABLE\]/);
});

test('vesicle bridge leaves a file alone that only has the name of the bridge', async (t) => {
  const folder = await folderWith(t, { 'vesicle_bridge.py': '# mine' });
  const { code, error } = await runCli(t, folder, ['bridge', '--out', '.']);
  assert.equal(code, 1);
  assert.match(error, /^\[CLI_FILE_UNWRITABLE\].*its vesicle_bridge\.py is another file/);
  assert.equal(await readFile(join(folder, 'vesicle_bridge.py'), 'utf8'), '# mine');
});

test('vesicle bridge writes one file when asked, and takes it away for the folder that Python prefers', async (t) => {
  const folder = await folderWith(t, {});
  const one = await runCli(t, folder, ['bridge', '--out', '.', '--single-file']);
  assert.match(one.out, /^Wrote vesicle_bridge\.py\. Put \. on the PYTHONPATH/);
  const { out } = await runCli(t, folder, ['bridge', '--out', '.']);
  assert.match(
    out,
    /^Wrote vesicle_bridge in place of that of \S+\. Restart.*\nRemoved vesicle_bridge\.py.*--single-file\.\n$/,
  );
  const { code, error } = await runCli(t, folder, ['bridge', '--out', '.', '--single-file']);
  assert.equal(code, 1);
  assert.match(error, /^\[CLI_FILE_UNWRITABLE\].*Python prefers its folder vesicle_bridge/);
  assert.deepEqual(await readdir(folder), ['vesicle_bridge']);
});

test('vesicle host serves modules at a socket until it is stopped', async (t) => {
  const folder = await folderWith(t, { 'strict.ts': module });
  const host = startCli(t, folder, ['host', '--listen', 'unix:modules.sock', '--socket-mode', '0600']);
  await host.see(/waits for Synapse at unix:modules\.sock/);
  const address = { kind: 'unix', path: join(folder, 'modules.sock') } as const;
  assert.equal((await stat(address.path)).mode & 0o777, 0o600);
  const bridge = await FakeBridge.open(t, address, [{ module: './strict.ts' }]);
  assert.equal(await bridge.invoke('third_party_rules.check_can_deactivate_user', '@a:x', false), false);
  assert.match((await runCli(t, folder, ['host', '--listen', 'unix:modules.sock'])).error, /SYNAPSE_ADDRESS_IN_USE/);
  host.kill('SIGTERM');
  await bridge.closed;
  const { code, out } = await host.finished;
  assert.equal(code, 0);
  assert.match(out, /uses \.\/strict\.ts/);
});

test('vesicle host says what modules refuse, and who ended the process', async (t) => {
  const quitter = `
    import { Callback, Module, SynapseError } from 'vesicle';
    @Module()
    export class Quitter {
      @Callback('third_party_rules', 'check_can_deactivate_user')
      async mayDeactivate(userId: string) {
        if (userId === '@b:x') process.exit(3);
        return false;
      }
    }`;
  const folder = await folderWith(t, { 'quitter.ts': quitter });
  const host = startCli(t, folder, ['host', '--listen', 'unix:modules.sock']);
  await host.see(/waits for Synapse/);
  const bridge = await FakeBridge.open(t, { kind: 'unix', path: join(folder, 'modules.sock') }, [
    { module: './quitter.ts' },
  ]);
  const callback = 'third_party_rules.check_can_deactivate_user';
  assert.equal(await bridge.invoke(callback, '@a:x', false), false);
  await host.see(/Quitter: third_party_rules\.check_can_deactivate_user refused .*user=@a:x/);
  void bridge.invoke(callback, '@b:x', false).catch(() => undefined);
  const { code, out } = await host.finished;
  assert.equal(code, 3);
  assert.match(out, /because a module or a package that it uses called process\.exit\(3\)[^]*quitter\.ts:7:/);
});

for (const command of ['host', 'dev'] as const) {
  test(`vesicle ${command} says that a module kept the process busy, and which`, async (t) => {
    const busy = `
      import { Module, WebResource } from 'vesicle';
      @Module()
      export class Busy {
        constructor() { setTimeout(() => setInterval(() => { for (const end = Date.now() + 1500; Date.now() < end; ); }, 2000), 500); }
      }`;
    const yaml = 'listeners: [{ port: 0 }]\nmodules: [{ module: ./busy.ts }]\n';
    const folder = await folderWith(t, { 'busy.ts': busy, 'vesicle.yaml': yaml });
    const cli = startCli(t, folder, command === 'dev' ? ['dev'] : ['host', '--listen', 'unix:modules.sock']);
    if (command === 'host') {
      await cli.see(/waits for Synapse/);
      await FakeBridge.open(t, { kind: 'unix', path: join(folder, 'modules.sock') }, [{ module: './busy.ts' }]);
    }
    await cli.see(/WARN {2}The process stood still for 1\.\d s: .* What was begun last is Busy: its start\. Await/);
  });
}

/** Starts `vesicle`, reads its first line, and goes away. */
async function readOneLine(t: TestContext, folder: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [vesicleCommand, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  return child;
}

const printing = `
import { Module } from 'vesicle';
@Module()
export class Printing {
  constructor() {
    setInterval(() => console.log('still here'), 20);
  }
}
`;

test(
  'vesicle host goes on when nobody reads its output any more, and ends at SIGTERM',
  { timeout: 60_000 },
  async (t) => {
    const folder = await folderWith(t, { 'strict.ts': module, 'printing.ts': printing });
    const host = await readOneLine(t, folder, ['host', '--listen', 'unix:modules.sock']);
    const bridge = await FakeBridge.open(t, { kind: 'unix', path: join(folder, 'modules.sock') }, [
      { module: './printing.ts' },
      { module: './strict.ts' },
    ]);
    for (let count = 0; count < 20; count++) {
      assert.equal(await bridge.invoke('third_party_rules.check_can_deactivate_user', '@a:x', false), false);
    }
    host.kill('SIGTERM');
    await bridge.closed;
    assert.deepEqual(await once(host, 'exit'), [0, null]);
  },
);

test('vesicle dev ends when nobody reads its output any more', { timeout: 60_000 }, async (t) => {
  const yaml = 'listeners: [{ port: 0 }]\nmodules: [{ module: ./printing.ts }]\n';
  const folder = await folderWith(t, { 'vesicle.yaml': yaml, 'printing.ts': printing });
  assert.deepEqual(await once(await readOneLine(t, folder, ['dev']), 'exit'), [0, null]);
});

test('a socket that a killed host left is taken over', async (t) => {
  const folder = await folderWith(t, {});
  const first = startCli(t, folder, ['host', '--listen', 'unix:modules.sock']);
  await first.see(/waits for Synapse/);
  first.kill('SIGKILL');
  await first.finished;
  const second = startCli(t, folder, ['host', '--listen', 'unix:modules.sock']);
  await second.see(/waits for Synapse/);
});

test('whatever else has the name of the socket is left alone', async (t) => {
  const folder = await folderWith(t, { 'letters.txt': 'kept' });
  await mkdir(join(folder, 'folder'));
  for (const name of ['letters.txt', 'folder']) {
    const { code, error } = await runCli(t, folder, ['host', '--listen', `unix:${name}`]);
    assert.equal(code, 1);
    assert.match(error, /^\[SYNAPSE_CANNOT_LISTEN\] Cannot listen on unix:\S+: another file is there\./);
  }
  assert.equal(await readFile(join(folder, 'letters.txt'), 'utf8'), 'kept');
});

test('of a socket that cannot be made, the reason is said', async (t) => {
  const folder = await folderWith(t, {});
  const listen = async (path: string): Promise<string> =>
    (await runCli(t, folder, ['host', '--listen', `unix:${path}`])).error;
  assert.match(await listen('no/such/modules.sock'), /^\[SYNAPSE_CANNOT_LISTEN\].*: there is no directory no\/such\./);
  assert.match(await listen(`/tmp/${'x'.repeat(120)}`), /^\[SYNAPSE_CANNOT_LISTEN\].*: the path is longer than/);
});

test('a directory of modules that is not there is said at once', async (t) => {
  const folder = await folderWith(t, {});
  const { code, error } = await runCli(t, folder, ['host', '--listen', 'unix:x', '--directory', 'nowhere']);
  assert.equal(code, 1);
  assert.match(error, /^\[CLI_DIRECTORY_MISSING\] There is no directory nowhere\./);
});

test('vesicle host --stdio needs a parent that speaks with it', async () => {
  const child = spawn(process.execPath, [vesicleCommand, 'host', '--stdio'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  assert.deepEqual(await once(child, 'close'), [1, null]);
  assert.match(errors, /^\[SYNAPSE_NO_PARENT\] .*standard input is none/);
});

test('an empty token is none', async (t) => {
  const folder = await folderWith(t, { token: '\n' });
  const listen = ['host', '--listen', 'tcp:127.0.0.1:0'];
  process.env['VESICLE_TOKEN'] = '';
  t.after(() => delete process.env['VESICLE_TOKEN']);
  assert.match((await runCli(t, folder, listen)).error, /^\[SYNAPSE_TOKEN_MISSING\]/);
  const fromFile = await runCli(t, folder, [...listen, '--token-file', 'token']);
  assert.match(fromFile.error, /^\[CLI_FILE_UNREADABLE\] .*there is no token in it/);
});

test('vesicle host --stdio serves whoever started it, keeps prints apart, and ends with it', async (t) => {
  const folder = await folderWith(t, { 'strict.ts': module });
  const child = spawn(process.execPath, [vesicleCommand, 'host', '--stdio'], { cwd: folder, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const answers: unknown[] = [];
  const reader = new FrameReader(
    () => 1_000_000,
    (frame) => {
      answers.push((JSON.parse(frame) as { readonly result: unknown }).result);
      if (answers.length === 4) child.stdin.end();
    },
  );
  child.stdout.on('data', (chunk: Buffer) => {
    reader.push(chunk);
  });
  const callback = 'third_party_rules.check_can_deactivate_user';
  const requests = [
    ['hello', { protocol: protocolVersion, bridge: '0', synapse: '1' }],
    ['modules.load', { modules: [{ module: './strict.ts' }] }],
    ['modules.open', { ...homeserver }],
    ['callback.invoke', { callback, args: ['@a:x', false] }],
  ];
  for (const [index, [method, params]] of requests.entries()) {
    child.stdin.write(encodeFrames([JSON.stringify({ id: index + 1, method, params })]));
    while (answers.length <= index && child.exitCode === null) await Promise.race([once(child.stdout, 'data'), gone]);
    assert.equal(answers.length, index + 1, errors);
  }
  const code = await gone;
  assert.deepEqual([code, answers.at(-1)], [0, false]);
  assert.match(errors, /printed by a module/);
});

for (const args of [[], ['--listen', 'unix:x', '--stdio'], ['--listen', 'unix:x', '--socket-mode', '9']]) {
  test(`vesicle host ${args.join(' ')} is a wrong command line`, async (t) => {
    const { code, error } = await runCli(t, await folderWith(t, {}), ['host', ...args]);
    assert.equal(code, 2);
    assert.match(error, /--listen unix:PATH/);
  });
}

test('a wrong address, a missing token and a file that is not there are said', async (t) => {
  const folder = await folderWith(t, {});
  assert.match((await runCli(t, folder, ['host', '--listen', 'http://x'])).error, /^\[SYNAPSE_ADDRESS_INVALID\]/);
  assert.match((await runCli(t, folder, ['host', '--listen', 'tcp:127.0.0.1:0'])).error, /^\[SYNAPSE_TOKEN_MISSING\]/);
  const missing = ['host', '--listen', 'tcp:127.0.0.1:0', '--token-file', 'no'];
  assert.match((await runCli(t, folder, missing)).error, /^\[CLI_FILE_UNREADABLE\]/);
  assert.match((await runCli(t, folder, ['host', 'file.yaml', '--stdio'])).error, /^It takes no file: file\.yaml/);
});
