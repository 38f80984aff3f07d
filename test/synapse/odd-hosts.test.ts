import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, until } from '../support/bridged-synapse.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { FakeHost } from '../support/fake-host.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';

const entry = { module: 'fake', mode: 'enforce', on_failure: { local: 'deny', federated: 'deny' }, timeout: null };
const when = { type: 'm.room.message' };
const registered = {
  callbacks: [{ category: 'spam_checker', name: 'check_event_for_spam', entries: [{ ...entry, when }] }],
  web: [],
};

describe('a real Synapse with a module host that', { timeout: 240_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  it('ends each connection as soon as its modules are open is tried less and less often', async () => {
    const place = await BridgedPlace.make(forks);
    await using host = await FakeHost.listen(join(place.folder, 'host.sock'), registered);
    const times: number[] = [];
    host.act = (socket) => {
      times.push(performance.now());
      setImmediate(() => socket.destroy());
    };
    await using synapse = await place.startSynapse({}, [{ module: 'fake' }]);
    await until(async () => times.length >= 6, 'six connections');
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    for (const [index, gap] of gaps.entries()) assert.ok(gap >= 100 * 2 ** index, `pauses of ${gaps.join(', ')} ms`);
    await assertCleanLog(synapse);
  });

  it('sends a frame that does not end, byte by byte, is silent: calls go by policy', async () => {
    const place = await BridgedPlace.make(forks);
    await writeChangedBridge(place.folder, { pingEvery: 300, pongWithin: 1_000 });
    await using host = await FakeHost.listen(join(place.folder, 'host.sock'), registered);
    await using synapse = await place.startSynapse({}, [{ module: 'fake' }], {}, { PYTHONPATH: place.folder });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    assert.equal((await alice.send(room, 'good')).status, 200);
    let timer: NodeJS.Timeout | undefined;
    host.act = (socket) => {
      socket.write(Buffer.from([1, 0, 0, 0]));
      timer = setInterval(() => socket.write(' '), 50);
    };
    host.dropAll();
    try {
      await until(async () => host.connections === 2, 'the next connection');
      for (let index = 0; index < 3; index++) {
        const startedAt = performance.now();
        assert.equal((await alice.send(room, 'nobody answers')).status, 403);
        const ms = performance.now() - startedAt;
        assert.ok(ms < 10_000, `it took ${ms} ms`);
      }
      assert.match(await synapse.output(), /The module host at .* does not respond/);
      assert.doesNotMatch(await synapse.output(), /responds again|Traceback/);
    } finally {
      clearInterval(timer);
    }
    await assertCleanLog(synapse);
  });
});
