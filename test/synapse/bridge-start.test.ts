import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { IsInt } from 'class-validator';
import { postConstruct } from 'inversify';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { NOT_SPAM, type SpamVerdict } from '../../src/callbacks/spam-verdict.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import type { UserId } from '../../src/matrix/ids.js';
import { formatListenAddress } from '../../src/synapse/transport/listen-address.js';
import { until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { openTestHost } from '../support/module-host-process.js';
import { inProject } from '../support/project.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { freePort, isRunning } from '../support/server-process.js';
import { bridgeFolder, type RunningSynapse, SynapseEnded, SynapseForks } from '../support/synapse-forks.js';
import { logContextFaults } from '../support/synapse-log-faults.js';
import { VesicleHost } from '../support/vesicle-host.js';
import { vesicleCommand } from '../support/vesicle-process.js';

const skip = await pythonIsMissing();

class CounterConfig {
  @IsInt() limit = 1;
}

@Module({ config: CounterConfig })
class Counter {
  constructor(readonly config: CounterConfig) {}

  @Callback('spam_checker', 'check_event_for_spam')
  async checkEvent(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}

@Module()
class Prepared {
  static tables: readonly unknown[] = [];
  static user: unknown = 'nobody was asked';

  constructor(private readonly api: ModuleApi) {}

  @postConstruct()
  async prepare(): Promise<void> {
    Prepared.user = await this.api.getUserinfoById('@nobody:hs.test' as UserId);
    Prepared.tables = await this.api.runDbInteraction('prepare', async (txn) => {
      await txn.execute('CREATE TABLE IF NOT EXISTS prepared (name TEXT)');
      await txn.executemany('INSERT INTO prepared VALUES (?)', [['a'], ['b']]);
      await txn.execute('SELECT name FROM prepared ORDER BY name');
      return await txn.fetchall();
    });
  }
}

@Module()
class Unwilling {
  @postConstruct()
  async refuse(): Promise<void> {
    throw new Error('the stars are not right');
  }
}

@Module()
class Guardian {
  @Callback('account_validity', 'is_user_expired')
  async isExpired(): Promise<boolean> {
    return false;
  }

  @Callback('password_auth_provider', 'is_3pid_allowed')
  async isAllowed(): Promise<boolean> {
    return true;
  }

  @Callback('spam_checker', 'check_event_for_spam')
  async checkEvent(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}

/** It has callbacks that came late to Synapse. */
@Module()
class Newcomer {
  static readonly rooms: unknown[] = [];

  @Callback('spam_checker', 'user_may_create_room')
  async mayCreate(_user: string, room: object): Promise<SpamVerdict> {
    Newcomer.rooms.push(JSON.parse(JSON.stringify(room)));
    return NOT_SPAM;
  }

  @Callback('ratelimit', 'get_ratelimit_override_for_user')
  async override(): Promise<null> {
    return null;
  }

  @Callback('federation', 'on_event_delivered_over_federation')
  async delivered(): Promise<void> {}
}

const classes = { Counter, Prepared, Unwilling, Guardian, Newcomer };

/** Variants of the bridge for tests are beside it. */
const testPath = [bridgeFolder, inProject('test/synapse/python')].join(delimiter);

describe('the bridge, when Synapse starts,', { skip, timeout: 300_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  /** Starts Synapse with one entry of the bridge. */
  async function start(
    config: object,
    settings: object = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningSynapse> {
    const modules = [{ module: 'vesicle_bridge.VesicleBridge', config }];
    return await forks.start(await forks.newFolder(), { modules, ...settings }, env);
  }

  /** All that Synapse says when it does not start. */
  async function failure(config: object, env: Readonly<Record<string, string>> = {}): Promise<string> {
    try {
      await using synapse = await start(config, {}, env);
      return assert.fail(`Synapse starts: ${await synapse.output()}`);
    } catch (error) {
      if (!(error instanceof SynapseEnded)) throw error;
      assert.equal(error.code, 1);
      return error.message;
    }
  }

  const mistakes: readonly (readonly [config: object, text: RegExp])[] = [
    [{}, /at 'modules\.<item 0>\.config':\n.*\n\s+give either 'connect'/],
    [{ connect: 'unix:/x', spawn: ['x'] }, /give either 'connect'/],
    [{ connect: 'localhost:1' }, /config\.connect':\n.*\n\s+expected unix:PATH or tcp:HOST:PORT/],
    [{ connct: 'unix:/x' }, /config\.connct':\n.*\n\s+unknown key: did you mean 'connect'\?/],
    [{ spawn: 'npx' }, /config\.spawn':\n.*\n\s+expected a list of texts/],
    [
      { spawn: ['/no/such/program'], modules: [] },
      /config\.spawn':\n.*\n\s+cannot start '\/no\/such\/program': No such file/,
    ],
    [
      { spawn: ['sh', '-c', 'exit 3'], modules: [] },
      /config\.spawn':\n.*\n\s+the module host 'sh -c exit 3' did not come up: it ended with exit code 3;/,
    ],
    [{ connect: 'unix:/x', token: '' }, /config\.token':\n.*\n\s+is empty/],
    [{ connect: 'unix:/x', token_file: '/dev/null' }, /config\.token_file':\n.*\n\s+there is no token in/],
    [{ connect: 'unix:/x', queue: -1 }, /config\.queue':\n.*\n\s+expected a number of at least 0/],
    [{ connect: 'unix:/x', timeout: '1y' }, /config\.timeout':\n.*\n\s+expected a number of milliseconds above 0/],
    [{ connect: 'unix:/x', connect_timeout: 0 }, /config\.connect_timeout':\n.*\n\s+expected .* such as '5s'/],
    [{ connect: 'tcp:localhost:65536' }, /config\.connect':\n.*\n\s+expected unix:PATH or tcp:HOST:PORT/],
    [{ connect: 'unix:/x' }, /config\.modules':\n.*\n\s+is missing: the list of modules/],
    [{ connect: 'unix:/x', token_file: '/no/file' }, /config\.token_file':\n.*\n\s+cannot be read/],
    [
      { connect: 'unix:/no/such.sock', connect_timeout: '1s', modules: [] },
      /config\.connect':\n.*\n\s+cannot reach the module host .*: No such file .*`vesicle host --listen unix:\/no\/such\.sock`\s*$/m,
    ],
    [
      { connect: `unix:/${'x'.repeat(120)}`, connect_timeout: 200, modules: [] },
      /config\.connect':\n.*\n\s+cannot reach the module host .*path too long\. Take a shorter path\s*$/m,
    ],
    [
      { spawn: ['sleep', '600'], connect_timeout: 200, modules: [] },
      /config\.spawn':\n.*\n\s+the module host did not answer `hello` in time/,
    ],
  ];
  for (const [config, text] of mistakes) {
    it(`refuses ${JSON.stringify(config)}`, async () => {
      assert.match(await failure(config), text);
    });
  }

  it('says of the configuration of a module what Synapse says of a Python one, with the place of the class', async (t) => {
    const { address } = await openTestHost(t, classes);
    const modules = [{ module: 'Counter' }, { module: 'Counter', config: { limit: 'x' } }];
    const output = await failure({ connect: formatListenAddress(address), modules });
    assert.match(output, /Error in configuration at 'modules\.<item 0>\.config\.modules\.<item 1>\.config\.limit':/);
    assert.match(output, /Failed to parse config for module/);
  });

  it('waits until modules are ready, which may use the database meanwhile', async (t) => {
    const { address } = await openTestHost(t, classes);
    await using synapse = await start({ connect: formatListenAddress(address), modules: [{ module: 'Prepared' }] });
    assert.equal(Prepared.user, null);
    assert.deepEqual(JSON.parse(JSON.stringify(Prepared.tables)), [['a'], ['b']]);
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });

  it('fails with the error of a module that cannot be made, and names it', async (t) => {
    const { address } = await openTestHost(t, classes);
    const output = await failure({ connect: formatListenAddress(address), modules: [{ module: 'Unwilling' }] });
    assert.match(output, /Error during startup/);
    assert.match(output, /Unwilling.*the stars are not right|the stars are not right.*Unwilling/s);
  });

  it('warns once of callbacks that never run where logins are delegated', async (t) => {
    const { address } = await openTestHost(t, classes);
    const delegation = { enabled: true, endpoint: 'http://127.0.0.1:1/', secret: 'secret' };
    const settings = {
      matrix_authentication_service: delegation,
      enable_registration: false,
      password_config: { enabled: false },
    };
    await using synapse = await start(
      { connect: formatListenAddress(address), modules: [{ module: 'Guardian' }] },
      settings,
    );
    const lines = (await synapse.output()).split('\n').filter((line) => line.includes('never'));
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /account_validity\.is_user_expired, password_auth_provider\.is_3pid_allowed|password_auth_provider\.is_3pid_allowed, account_validity\.is_user_expired/,
    );
  });

  it('needs the token of a host that listens on TCP', async (t) => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const opened = await openTestHost(t, classes, { token: 'right', address });
    const connect = formatListenAddress(opened.address);
    const modules = [{ module: 'Counter' }];
    assert.match(await failure({ connect, modules, token: 'wrong' }), /config\.connect':[^]*token/);
    assert.match(await failure({ connect, modules }), /config\.connect':[^]*token/);
    await using given = await start({ connect, modules, token: 'right' });
    await using fromEnvironment = await start({ connect, modules }, {}, { VESICLE_TOKEN: 'right' });
    assert.deepEqual(logContextFaults(await given.output()), []);
    assert.deepEqual(logContextFaults(await fromEnvironment.output()), []);
  });

  it('names both versions and the remedy when the module host speaks another protocol', async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        const answer = JSON.stringify({ id: 1, result: { protocol: 99, vesicle: '9.9.9', node: '24' } });
        const length = Buffer.alloc(4);
        length.writeUInt32BE(answer.length);
        socket.write(Buffer.concat([length, Buffer.from(answer)]));
      });
    });
    t.after(() => server.close());
    const path = join(await forks.newFolder(), 'other.sock');
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const output = await failure({ connect: `unix:${path}`, modules: [] });
    assert.match(
      output,
      /protocol 99 \(vesicle 9\.9\.9\), this bridge protocol 2 \(vesicle .*vesicle bridge --out DIR/,
    );
  });

  it('runs on a Synapse that is older, without what that does not know', async (t) => {
    const { address } = await openTestHost(t, classes);
    const config = { connect: formatListenAddress(address), modules: [{ module: 'Newcomer' }] };
    const modules = [{ module: 'older_synapse.OlderBridge', config }];
    await using synapse = await forks.start(await forks.newFolder(), { modules }, { PYTHONPATH: testPath });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    await alice.createRoom();
    assert.deepEqual(Newcomer.rooms, [{}]);
    const output = await synapse.output();
    const warnings = output.split('\n').filter((line) => line.includes('This Synapse has no callback'));
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /federation\.on_event_delivered_over_federation, ratelimit\.get_ratelimit_override_for_user|ratelimit\.get_ratelimit_override_for_user, federation\.on_event_delivered_over_federation/,
    );
    assert.deepEqual(logContextFaults(output), []);
  });

  it('replaces a module host that it started when that hangs, with all that came of it', async () => {
    const diary = join(await forks.newFolder(), 'pid');
    const command = [process.execPath, vesicleCommand, 'host', '--stdio'].map((part) => `'${part}'`).join(' ');
    // As with npx, what is started is the parent of the host only.
    const spawn = ['sh', '-c', `exec 3<&0; ${command} <&3 & echo $! > '${diary}'; wait`];
    const modules = [{ module: 'impatient_bridge.VesicleBridge', config: { spawn, modules: [] } }];
    await using synapse = await forks.start(await forks.newFolder(), { modules }, { PYTHONPATH: testPath });
    const first = Number(readFileSync(diary, 'utf8'));
    process.kill(first, 'SIGSTOP');
    await until(async () => (await synapse.output()).includes('Connected with the module host'), 'a new module host');
    assert.match(await synapse.output(), /it has not responded for/);
    await until(async () => !isRunning(first), 'the end of the host that hangs');
    const second = Number(readFileSync(diary, 'utf8'));
    assert.notEqual(second, first);
    process.kill(second, 'SIGSTOP');
    await synapse.kill('SIGTERM');
    await until(async () => !isRunning(second), 'the end of the module host');
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });

  it('gives up a connection over a network on which nothing comes any more, and makes another', async () => {
    const port = await freePort();
    const connect = `tcp:127.0.0.1:${port}`;
    await using host = await VesicleHost.start(connect, await forks.newFolder(), { VESICLE_TOKEN: 'right' });
    const config = { connect, token: 'right', modules: [] };
    const modules = [{ module: 'impatient_bridge.VesicleBridge', config }];
    await using synapse = await forks.start(await forks.newFolder(), { modules }, { PYTHONPATH: testPath });
    host.signal('SIGSTOP');
    await until(async () => (await synapse.output()).includes('it has not responded for'), 'the end of the connection');
    host.signal('SIGCONT');
    await until(async () => (await synapse.output()).includes('Connected with the module host'), 'another connection');
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });

  const direct = [process.execPath, vesicleCommand, 'host', '--stdio'];
  const inBetween = `require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit' })`;
  for (const [how, spawn, children] of [
    ['itself', direct, 'cat; echo raw'],
    // As npx, whose Node passes on the three standard descriptors only.
    ['by something in between', [process.execPath, '-e', inBetween, ...direct.slice(1)], 'echo raw'],
  ] as const) {
    it(`started ${how}, loses no question by what is written to descriptor 1`, async () => {
      const folder = await forks.newFolder();
      const module = join(folder, 'noisy.ts');
      await writeFile(
        module,
        `import { writeSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { Callback, Codes, Module, type MatrixEvent } from 'vesicle';
@Module()
export class Noisy {
  @Callback('spam_checker', 'check_event_for_spam')
  async check(event: MatrixEvent): Promise<Codes | 'NOT_SPAM'> {
    if (event.type !== 'm.room.message') return 'NOT_SPAM';
    writeSync(1, 'raw \\0\\0\\0\\x05 of the module\\n');
    execFileSync('sh', ['-c', '${children}'], { stdio: 'inherit' });
    return Codes.FORBIDDEN;
  }
}
`,
      );
      await using synapse = await start({ spawn, modules: [{ module }] });
      const alice = await MatrixClient.register(synapse.url, 'alice');
      const room = await alice.createRoom();
      const sent = Array.from({ length: 8 }, (_, index) => alice.send(room, `message ${index}`));
      assert.deepEqual(new Set((await Promise.all(sent)).map(({ status }) => status)), new Set([403]));
      const output = await synapse.output();
      assert.match(output, /of the module\n/);
      assert.doesNotMatch(output, /is lost/);
    });
  }

  it('starts the module host itself, and again when that dies', async () => {
    const folder = await forks.newFolder();
    const diary = join(folder, 'pid');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(diary)}, String(process.pid)); process.argv.splice(1, 0, ${JSON.stringify(vesicleCommand)}); import(${JSON.stringify(vesicleCommand)});`;
    const spawn = [process.execPath, '-e', script, 'host', '--stdio'];
    const modules = [{ module: inProject('samples/word-filter/module.ts'), config: { banned_words: ['casino'] } }];
    await using synapse = await start({ spawn, modules });
    const first = Number(readFileSync(diary, 'utf8'));
    process.kill(first, 'SIGKILL');
    await until(async () => (await synapse.output()).includes('Connected with the module host'), 'a new module host');
    const second = Number(readFileSync(diary, 'utf8'));
    assert.notEqual(second, first);
    assert.match(await synapse.output(), /it ended with signal 9/);
    // It cannot end by itself.
    process.kill(second, 'SIGSTOP');
    await synapse.kill('SIGTERM');
    await until(async () => !isRunning(second), 'the end of the module host');
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });
});
