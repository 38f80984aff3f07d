import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

describe('the bridge with `start: optional`', { timeout: 240_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  const optional = { start: 'optional', connect_timeout: 200 };
  const guard = (place: BridgedPlace, policy: object): readonly object[] => [
    { module: './guard.ts', config: { diary: place.diaryFile }, ...policy },
  ];

  it('has Synapse start without a host, goes by policy, and asks and tells the modules once they are there', async () => {
    const place = await BridgedPlace.make(forks);
    const callbacks = { check_event_for_spam: { on_failure: 'deny' } };
    const modules = guard(place, { on_failure: 'allow', callbacks });
    await using synapse = await place.startSynapse(optional, modules);
    assert.match(
      await synapse.output(),
      /ERROR vesicle: Synapse starts without the modules of unix:.* \(start: optional\): connect: cannot reach the module host/,
    );
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    assert.equal((await alice.send(room, 'good')).status, 403);
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await until(async () => (await synapse.output()).includes('Connected with the module host'), 'the connection');
    assert.equal((await alice.send(room, 'good')).status, 200);
    assert.equal((await alice.send(room, 'bad')).status, 403);
    await place.noted('told good');
    await assertCleanLog(synapse);
  });

  it('keeps what is to be told from the start on', async () => {
    const place = await BridgedPlace.make(forks);
    await using synapse = await place.startSynapse(optional, guard(place, { on_failure: 'allow' }));
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    for (const text of ['one', 'two', 'three']) assert.equal((await alice.send(room, text)).status, 200);
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await place.noted('told three');
    const told = (await place.diary()).filter((line) => line.startsWith('told'));
    assert.deepEqual(told, ['told one', 'told two', 'told three']);
    await assertCleanLog(synapse);
  });

  for (const asked of ['check_event_for_spam', 'user_may_join_room']) {
    it(`refuses with one line in the log and no traceback what ${asked} would have been asked`, async () => {
      const place = await BridgedPlace.make(forks);
      const callbacks = { [asked]: { on_failure: 'error' } };
      await using synapse = await place.startSynapse(optional, guard(place, { on_failure: 'allow', callbacks }));
      const alice = await MatrixClient.register(synapse.url, 'alice');
      const bob = await MatrixClient.register(synapse.url, 'bob');
      const room = await alice.createRoom({ preset: 'public_chat' });
      for (let index = 0; index < 20; index++) {
        const refused =
          asked === 'check_event_for_spam'
            ? await alice.send(room, `message ${index}`)
            : await bob.request('POST', `/_matrix/client/v3/join/${encodeURIComponent(room)}`, {});
        assert.deepEqual(
          { status: refused.status, errcode: refused.body['errcode'] },
          { status: 500, errcode: 'M_UNKNOWN' },
        );
      }
      const log = await synapse.output();
      assert.doesNotMatch(log, /Traceback/);
      const lines = log.split('\n').filter((line) => line.includes(`${asked} failed, which counts as "error"`));
      assert.ok(lines.length >= 1 && lines.length <= 20, lines.join('\n'));
      await assertCleanLog(synapse);
    });
  }

  it('has Synapse start with a module that is broken, and asks it once it is mended', async () => {
    for (const [what, source, reason] of broken) {
      const place = await BridgedPlace.make(forks);
      const folder = join(place.folder, 'modules');
      await mkdir(folder);
      await writeFile(join(folder, 'gate.ts'), source);
      const host = await VesicleHost.start(place.listen, folder);
      await using _host = host;
      const modules = [{ module: './gate.ts', on_failure: 'allow' }];
      await using synapse = await place.startSynapse(optional, modules);
      assert.match(await synapse.output(), reason, what);
      const alice = await MatrixClient.register(synapse.url, 'alice');
      const room = await alice.createRoom();
      assert.equal((await alice.send(room, 'hello')).status, 200);
      await host.kill();
      await writeFile(join(folder, 'gate.ts'), mended);
      await using _second = await VesicleHost.start(place.listen, folder);
      await until(async () => (await alice.send(room, 'hello')).status === 403, 'a refusal');
      await assertCleanLog(synapse);
    }
  });

  it('refuses another word', async () => {
    const place = await BridgedPlace.make(forks);
    const start = place.startSynapse({ start: 'later', connect_timeout: 200 });
    await assert.rejects(start, /config\.start[^]*expected 'required' or 'optional'/);
  });
});

const mended = `import { Callback, Codes, Module, type SpamVerdict } from 'vesicle';
@Module()
export class Gate {
  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async check(): Promise<SpamVerdict> {
    return Codes.FORBIDDEN;
  }
}
`;

/** What is wrong with the module, and what Synapse's log says. */
const broken: readonly (readonly [string, string, RegExp])[] = [
  [
    'a configuration that is refused',
    mended
      .replace('Module,', 'ConfigError, Module,')
      .replace(
        'export class Gate {',
        "export class Gate {\n  static parseConfig(): never {\n    throw new ConfigError('not so');\n  }\n",
      ),
    /start: optional\): modules\.<item 0>[^\n]*not so/,
  ],
  [
    'a constructor that throws',
    mended.replace(
      'export class Gate {',
      "export class Gate {\n  constructor() {\n    throw new Error('no start');\n  }\n",
    ),
    /start: optional\): [^\n]*no start/,
  ],
];
