import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { encodeFrames } from '../../src/synapse/transport/frames.js';
import { assertCleanLog, BridgedPlace, until } from '../support/bridged-synapse.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { FakeHost } from '../support/fake-host.js';
import { MatrixClient } from '../support/matrix-client.js';
import { generator, mutatedBytes, mutatedValue } from '../support/mutation.js';
import { residentMemory } from '../support/server-process.js';
import { SynapseForks } from '../support/synapse-forks.js';

const onFailure = { local: 'allow', federated: 'allow' };
const entry = { module: 'fake', mode: 'enforce', on_failure: onFailure, timeout: 200 };
const registered = {
  callbacks: [
    { category: 'spam_checker', name: 'check_event_for_spam', entries: [entry] },
    { category: 'third_party_rules', name: 'on_new_event', entries: [entry] },
  ],
  web: [{ module: 'fake', path: '/_synapse/client/fake', subtree: true, name: 'Fake' }],
};

/** What a module host may send; `id` is that of a question of the bridge or of its own. */
const messages: readonly Readonly<Record<string, unknown>>[] = [
  { id: 1, method: 'api.call', params: { method: 'get_userinfo_by_id', args: { user_id: '@a:hs.test' } } },
  {
    id: 2,
    method: 'api.call',
    params: { method: 'get_room_state', args: { room_id: '!a', event_filter: [['a', 'b']] } },
  },
  { id: 3, method: 'state.get', params: { state: 1, type: 'm.room.member', state_key: '' } },
  { id: 4, method: 'media.read', params: { file: 1, offset: 0 } },
  { id: 5, method: 'web.body', params: { request: 1, offset: 0 } },
  { id: 6, method: 'template.render', params: { template: 1, values: { a: 'b' } } },
  { id: 7, method: 'db.execute', params: { transaction: 1, sql: 'SELECT 1', params: [[1, null]], many: false } },
  { id: 8, method: 'ping', params: {} },
  { id: 1001, result: { errcode: 'M_FORBIDDEN', fields: { a: 1 } } },
  { id: 1002, error: { type: 'SynapseError', message: 'no', status: 403, errcode: 'M_FORBIDDEN', causes: ['a'] } },
  { method: 'cancel', params: { id: 1 } },
  { method: 'release', params: { handles: [1, 2] } },
  { method: 'callback.register', params: registered.callbacks[0] },
  { method: 'log', params: { level: 'debug', module: 'fake', message: 'a line' } },
];

const frames = 100_000;
const framesPerConnection = 500;

it(
  '100,000 mutated frames neither end Synapse nor fill its memory, and each connection ends with one line',
  { timeout: 300_000 },
  async () => {
    await using forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    await using host = await FakeHost.listen(join(place.folder, 'host.sock'), registered);
    // Each connection ends soon, and has hundreds of successors.
    await writeChangedBridge(place.folder, { RESTART_LAST: 0.1 });
    await using synapse = await place.startSynapse({}, [{ module: 'fake' }], {}, { PYTHONPATH: place.folder });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    const random = generator(7);
    let sent = 0;
    let memoryBefore = 0;
    host.act = (socket) => {
      if (sent >= frames) return;
      const batch: Buffer[] = [];
      for (let count = 0; count < framesPerConnection; count++, sent++) {
        const frame = encodeFrames([JSON.stringify(mutatedValue(messages[random(messages.length)], random) ?? null)]);
        batch.push(count < framesPerConnection * 0.95 ? frame : mutatedBytes(frame, random));
      }
      socket.end(Buffer.concat(batch));
      if (sent === frames / 5) memoryBefore = residentMemory(synapse.pid);
    };
    // The first connection is there already; it has to be given up for the next one.
    host.dropAll();
    await until(async () => sent >= frames, 'all frames to be sent', 240_000);
    const grown = residentMemory(synapse.pid) - memoryBefore;
    assert.ok(grown < 20_000_000, `memory grew by ${grown} bytes`);
    assert.equal((await alice.send(room, 'still there')).status, 200);
    const losses = (await synapse.output()).split('\n').filter((line) => /with the module host .* is lost/.test(line));
    assert.ok(losses.length <= host.connections, `${losses.length} lines for ${host.connections} connections`);
    await assertCleanLog(synapse);
  },
);
