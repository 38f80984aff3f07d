import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { VesicleHost } from '../support/vesicle-host.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { SynapseForks } from '../support/synapse-forks.js';

describe('a real Synapse whose module host', { timeout: 240_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  it('is killed during 1,000 sends and started again answers each of them by policy and loses none', async () => {
    const place = await BridgedPlace.make(forks);
    const first = await VesicleHost.start(place.listen, moduleFolder);
    await using _first = first;
    await using synapse = await place.startSynapse();
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    const texts = Array.from({ length: 1000 }, (_, index) => (index % 4 === 0 ? `bad ${index}` : `good ${index}`));
    const answers = new Map<string, number>();
    const queue = texts.values();
    const sender = async (): Promise<void> => {
      for (const text of queue) answers.set(text, (await alice.send(room, text)).status);
    };
    const sending = Promise.all(Array.from({ length: 16 }, sender));
    await until(async () => answers.size > 250, '250 sends');
    await first.kill('SIGKILL');
    await until(async () => answers.size > 500, '500 sends');
    await using _second = await VesicleHost.start(place.listen, moduleFolder);
    const isAskedAgain = async (): Promise<boolean> => {
      const lines = await place.diary();
      const starts = lines.filter((line) => line === 'started').length;
      return starts === 2 && lines.slice(lines.lastIndexOf('started')).some((line) => line.startsWith('asked'));
    };
    const backAfter = await until(isAskedAgain, 'a question to the new module host');
    assert.ok(backAfter < 2000, `it worked again after ${backAfter} ms`);
    await sending;

    // Good ones pass with and without a host (onFailure: allow), bad ones are refused when it is there.
    for (const [text, status] of answers) assert.ok(status === 200 || (status === 403 && text.startsWith('bad')), text);
    assert.equal(answers.size, 1000);
    assert.equal(answers.get('bad 0'), 403);
    assert.ok(
      [...answers].some(([text, status]) => text.startsWith('bad') && status === 200),
      'none was sent meanwhile',
    );
    assert.equal((await alice.send(room, 'bad again')).status, 403);
    const stored = [...(await alice.texts(room))].sort();
    const accepted = [...answers].filter(([, status]) => status === 200).map(([text]) => text);
    assert.deepEqual(stored, accepted.sort());
    const told = (await place.diary()).filter((line) => line.startsWith('told'));
    assert.equal(new Set(told).size, told.length, 'told twice of one event');
    await assertCleanLog(synapse);
  });

  it('is away keeps what it is to be told, and tells it in order', async () => {
    const place = await BridgedPlace.make(forks);
    await using first = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse();
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    await alice.send(room, 'before');
    await place.noted('told before');
    await first.kill('SIGKILL');
    for (let index = 0; index < 20; index++) assert.equal((await alice.send(room, `away ${index}`)).status, 200);
    await using _second = await VesicleHost.start(place.listen, moduleFolder);
    await place.noted('told away 19');
    const told = (await place.diary()).filter((line) => line.startsWith('told'));
    assert.deepEqual(told, ['told before', ...Array.from({ length: 20 }, (_, index) => `told away ${index}`)]);
    await assertCleanLog(synapse);
  });

  it('is away drops what it would be told beyond the bound, and says how much', async () => {
    const place = await BridgedPlace.make(forks);
    await using first = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse({ queue: 2 });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    await first.kill('SIGKILL');
    for (let index = 0; index < 5; index++) await alice.send(room, `away ${index}`);
    await using _second = await VesicleHost.start(place.listen, moduleFolder);
    await place.noted('told away 1');
    await alice.send(room, 'after');
    await place.noted('told after');
    const told = (await place.diary()).filter((line) => line.startsWith('told'));
    assert.deepEqual(told, ['told away 0', 'told away 1', 'told after']);
    assert.match(await synapse.output(), /3 notifications were dropped/);
    await assertCleanLog(synapse);
  });

  it('is stopped ends its calls at their timeout and does not disturb other requests', async () => {
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse();
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    host.signal('SIGSTOP');
    const startedAt = performance.now();
    const sent = alice
      .send(room, 'bad but nobody there')
      .then((answer) => ({ answer, ms: performance.now() - startedAt }));
    for (let index = 0; index < 10; index++) {
      const before = performance.now();
      assert.equal((await alice.request('GET', '/_matrix/client/v3/account/whoami')).status, 200);
      assert.ok(performance.now() - before < 1000, 'another request waited');
    }
    const { answer, ms } = await sent;
    assert.equal(answer.status, 200);
    assert.ok(ms > 400 && ms < 4000, `it took ${ms} ms`);
    host.signal('SIGCONT');
    await until(async () => (await alice.send(room, 'bad now')).status === 403, 'a refusal once it goes on');
    await assertCleanLog(synapse);
  });

  it('never answers, throws or talks nonsense goes by what the module says of failures', async () => {
    const place = await BridgedPlace.make(forks);
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse();
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    assert.equal((await alice.send(room, 'never')).status, 200);
    // A throw is what it is in Synapse.
    assert.equal((await alice.send(room, 'throws')).status, 500);
    assert.equal((await alice.send(room, 'nonsense')).status, 200);
    assert.equal((await alice.send(room, 'bad')).status, 403);
    assert.equal((await alice.send(room, 'good')).status, 200);
    await assertCleanLog(synapse);
  });

  it('is away leaves the pace of background updates to Synapse', async () => {
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    const settings = { background_updates: { sleep_enabled: false, default_batch_size: 7 } };
    await using synapse = await place.startSynapse({}, [{ module: './pacer.ts#Pacer' }], settings);
    const admin = await MatrixClient.register(synapse.url, 'admin');
    const updates = '/_synapse/admin/v1/background_updates';
    const run = async (): Promise<void> => {
      const start = async (): Promise<boolean> =>
        (await admin.request('POST', `${updates}/start_job`, { job_name: 'regenerate_directory' })).status === 200;
      // The job is several updates, between which none is said to be running.
      await until(start, 'the end of the job before');
      const isDone = async (): Promise<boolean> => {
        const { body } = await admin.request('GET', `${updates}/status`);
        return Object.keys(body['current_updates'] as object).length === 0;
      };
      await until(async () => await isDone(), 'the end of the background updates');
    };
    await run();
    await host.kill('SIGKILL');
    await run();
    assert.match(await synapse.output(), /on_update failed, which counts as "allow"/);
    assert.doesNotMatch(await synapse.output(), /Error doing update|aborting/);
    await assertCleanLog(synapse);
  });

  it('loses its Synapse ends the modules of that process', async () => {
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse();
    await place.noted('started');
    await synapse.kill('SIGKILL');
    await place.noted('ended');
    await using again = await place.startSynapse();
    await place.noted('started', 2);
    assert.ok(host.pid > 0);
    await assertCleanLog(again);
  });

  it('is killed within a database transaction leaves nothing of it', async () => {
    const place = await BridgedPlace.make(forks);
    const ledger = '/_synapse/client/ledger';
    await using first = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse({}, [{ module: './ledger.ts' }]);
    const alice = await MatrixClient.register(synapse.url, 'alice');
    await alice.request('POST', `${ledger}/add`, {});
    const hanging = alice.request('POST', `${ledger}/hang`, {});
    await until(async () => first.output.includes('in the middle of it'), 'the transaction');
    await first.kill('SIGKILL');
    assert.ok((await hanging).status >= 500);
    // Synapse has one connection to SQLite: it is free again.
    await alice.createRoom();
    await using _second = await VesicleHost.start(place.listen, moduleFolder);
    const rows = async (): Promise<unknown> => (await alice.request('GET', `${ledger}/rows`)).body['rows'];
    await until(async () => Array.isArray(await rows()), 'the new module host');
    assert.deepEqual(await rows(), ['kept']);
    await assertCleanLog(synapse);
  });

  it('serves two bridges of different versions takes the one of its own and refuses the other', async () => {
    const place = await BridgedPlace.make(forks);
    await using host = await VesicleHost.start(place.listen, moduleFolder);
    await using synapse = await place.startSynapse();
    const other = await BridgedPlace.make(forks);
    await writeChangedBridge(other.folder, { PROTOCOL_VERSION: 99 });
    const start = other.startSynapse({ connect: place.listen }, undefined, {}, { PYTHONPATH: other.folder });
    await assert.rejects(start, /protocol 99 .*protocol 2 .*vesicle bridge --out DIR/s);
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    assert.equal((await alice.send(room, 'bad')).status, 403);
    assert.equal(host.output.filter((line) => line.includes('SYNAPSE_VERSION_MISMATCH')).length, 1);
    await assertCleanLog(synapse);
  });
});
