import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { databasePrograms, DatabaseServers } from '../support/database-servers.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseCluster } from '../support/synapse-cluster.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const programs = await databasePrograms();
const skip = typeof programs === 'string' ? programs : false;
const processes = ['main', 'reader', 'persister'];

describe('Synapse with two workers, PostgreSQL, Redis and one module host', { skip, timeout: 300_000 }, () => {
  const open: AsyncDisposable[] = [];
  let place: BridgedPlace;
  let cluster: SynapseCluster;
  let alice: MatrixClient;
  let room: string;

  const opened = <T extends AsyncDisposable>(one: T): T => {
    open.push(one);
    return one;
  };
  const onReader = (): MatrixClient => alice.at(cluster.reader.url);
  const notes = async (text: string): Promise<readonly string[]> =>
    (await place.diary()).filter((line) => line.includes(text));

  before(async () => {
    if (typeof programs === 'string') return;
    const servers = opened(await DatabaseServers.start(programs));
    const forks = opened(await SynapseForks.open());
    place = await BridgedPlace.make(forks);
    opened(await VesicleHost.start(place.listen, moduleFolder));
    const config = { diary: place.diaryFile };
    const modules = ['Everywhere', 'InBackground'].map((name) => ({ module: `./everywhere.ts#${name}`, config }));
    cluster = opened(await SynapseCluster.start({ forks, servers, place, modules }));
    alice = await MatrixClient.register(cluster.main.url, 'alice');
    room = await alice.createRoom();
  });
  after(async () => {
    for (const one of open.reverse()) await one[Symbol.asyncDispose]();
  });

  it('asks the modules of the process that does the work, and tells those of every process', async () => {
    assert.equal((await onReader().send(room, 'one')).status, 200);
    assert.equal((await alice.send(room, 'two')).status, 200);
    assert.equal((await onReader().send(room, 'bad')).status, 403);
    for (const process of processes) {
      for (const text of ['one', 'two']) await place.noted(`${process} told ${text}`);
    }
    // The number comes from a service that the instances share.
    assert.deepEqual(await notes(' asked '), ['reader asked one 1', 'main asked two 2', 'reader asked bad 3']);
    assert.deepEqual(await notes('told bad'), []);
  });

  it('forgets a cached result in every process', async () => {
    const look = async (client: MatrixClient): Promise<unknown> =>
      (await client.request('GET', '/_synapse/client/everywhere/look')).body;
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await look(alice), { process: 'main', value: 'key 1' });
      assert.deepEqual(await look(onReader()), { process: 'reader', value: 'key 1' });
    }
    await alice.request('POST', '/_synapse/client/everywhere/forget', {});
    assert.deepEqual(await look(alice), { process: 'main', value: 'key 2' });
    const isForgotten = async (): Promise<boolean> =>
      ((await look(onReader())) as { readonly value: string }).value === 'key 2';
    await until(isForgotten, 'the client reader to look again');
  });

  it('runs background work and background modules in one process', async () => {
    await place.noted('main worked', 3);
    assert.deepEqual(new Set(await notes(' worked')), new Set(['main worked']));
    assert.deepEqual(await notes(' background'), ['main background']);
  });

  it('goes on when a worker is killed, and with it when it is started again', async () => {
    await cluster.reader.kill('SIGKILL');
    await place.noted('reader ended');
    assert.equal((await alice.send(room, 'without reader')).status, 200);
    await place.noted('persister told without reader');
    await cluster.restartReader();
    assert.equal((await onReader().send(room, 'with reader')).status, 200);
    assert.equal((await onReader().send(room, 'bad')).status, 403);
    for (const process of processes) await place.noted(`${process} told with reader`);
    const starts = (await notes(' started')).toSorted();
    assert.deepEqual(starts, ['main started', 'persister started', 'reader started', 'reader started']);
    assert.deepEqual(await notes(' ended'), ['reader ended']);
  });

  it('has lost no log context in any process', async () => {
    for (const process of cluster.processes) await assertCleanLog(process);
  });
});
