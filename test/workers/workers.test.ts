import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { databasePrograms, DatabaseServers } from '../support/database-servers.js';
import { MatrixClient } from '../support/matrix-client.js';
import { requirePackages } from '../support/synapse.js';
import { SynapseCluster } from '../support/synapse-cluster.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const programs = await databasePrograms();
const skip = typeof programs === 'string' ? programs : false;
if (skip === false) await requirePackages(['psycopg2', 'txredisapi']);
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
    const modules = ['Everywhere', 'InBackground', 'OnMain', 'OnPersister'].map((name) => ({
      module: `./everywhere.ts#${name}`,
      config,
    }));
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

  it('asks the modules of the process that registers a user and logs one in, and answers /sync there', async () => {
    const { url } = cluster.reader;
    const bob = await MatrixClient.register(url, 'bob');
    const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'bob' }, password: 'pw-bob' };
    assert.equal((await bob.request('POST', '/_matrix/client/v3/login', login)).status, 200);
    assert.deepEqual(await notes('named bob'), ['reader named bob']);
    assert.deepEqual(await notes('login @bob'), ['reader login @bob:hs.test']);
    const { body } = await onReader().request('GET', '/_matrix/client/v3/sync?timeout=0');
    assert.match(JSON.stringify(body), /"body":"two"/);
  });

  it('handles an event once in the ways that are documented, although every process is told', async () => {
    assert.equal((await alice.at(cluster.persister.url).send(room, 'once')).status, 200);
    for (const process of processes) await place.noted(`${process} told once`);
    for (const way of ['handled', 'alone']) {
      await place.noted(`reader ${way} once`);
      assert.deepEqual(await notes(`${way} once`), [`reader ${way} once`]);
    }
  });

  it('forgets a cached result in every process', async () => {
    const look = async (client: MatrixClient): Promise<unknown> =>
      (await client.request('GET', '/_synapse/client/everywhere/look')).body;
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(await look(alice), { process: 'main', value: 'key 1' });
      assert.deepEqual(await look(onReader()), { process: 'reader', value: 'key 1' });
    }
    for (const [index, client] of [alice, onReader()].entries()) {
      await client.request('POST', '/_synapse/client/everywhere/forget', {});
      const value = `key ${index + 2}`;
      const isForgotten = async (other: MatrixClient): Promise<boolean> =>
        ((await look(other)) as { readonly value: string }).value === value;
      for (const other of [alice, onReader()]) await until(() => isForgotten(other), `${value} in both processes`);
    }
  });

  it('runs background work and background modules in one process', async () => {
    await place.noted('reader worked', 3);
    assert.deepEqual(new Set(await notes(' worked')), new Set(['reader worked']));
    assert.deepEqual(await notes(' background'), ['reader background']);
    assert.deepEqual(await notes(' placed'), ['main placed', 'persister placed']);
  });

  it('goes on when a worker is killed, and with it when it is started again', async () => {
    await cluster.reader.kill('SIGKILL');
    await place.noted('reader ended');
    assert.equal((await alice.send(room, 'without reader')).status, 200);
    await place.noted('persister told without reader');
    const worked = (await notes('reader worked')).length;
    await cluster.restart('reader');
    assert.equal((await onReader().send(room, 'with reader')).status, 200);
    assert.equal((await onReader().send(room, 'bad')).status, 403);
    for (const process of processes) await place.noted(`${process} told with reader`);
    const starts = (await notes(' started')).toSorted();
    assert.deepEqual(starts, ['main started', 'persister started', 'reader started', 'reader started']);
    assert.deepEqual(await notes(' ended'), ['reader ended']);
    await place.noted('reader worked', worked + 2);
  });

  it('lets a message wait for the worker that stores it, and stores it once', async () => {
    await cluster.persister.kill('SIGKILL');
    const sent = onReader().send(room, 'to be stored');
    await until(async () => (await notes('asked to be stored')).length > 0, 'the question');
    assert.equal((await onReader().request('GET', '/_matrix/client/v3/account/whoami')).status, 200);
    await cluster.restart('persister');
    assert.equal((await sent).status, 200);
    for (const process of processes) await place.noted(`${process} told to be stored`);
    assert.deepEqual(await notes('alone to be stored'), ['reader alone to be stored']);
    assert.equal((await alice.texts(room)).filter((text) => text === 'to be stored').length, 1);
    assert.deepEqual(await notes('persister ended'), ['persister ended']);
  });

  it('has lost no log context in any process', async () => {
    for (const process of cluster.processes) await assertCleanLog(process);
  });
});
