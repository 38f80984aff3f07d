import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it, type TestContext } from 'node:test';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { MatrixClient } from '../support/matrix-client.js';
import { inProject } from '../support/project.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { peakMemory, residentMemory } from '../support/server-process.js';
import { bridgeFolder, type RunningSynapse, SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const skip = await pythonIsMissing();
const pieceLength = 65_536;
const pieces = 3_200;
const total = pieces * pieceLength;
/** Bytes of memory that a process may take for one transfer, whatever its length: pieces of 1 MiB wait for the collection of garbage. */
const allowed = 100_000_000;

describe('bodies of 200 MB', { skip, timeout: 240_000 }, () => {
  let forks: SynapseForks;
  let host: VesicleHost;
  let synapse: RunningSynapse;
  let alice: MatrixClient;
  before(async () => {
    forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    host = await VesicleHost.start(place.listen, moduleFolder);
    const probe = { module: 'link_probe.LinkProbe', config: {} };
    const bridge = {
      module: 'vesicle_bridge.VesicleBridge',
      config: { connect: place.listen, modules: [{ module: './streams.ts' }] },
    };
    const listeners = [
      { port: 0, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['client', 'media'] }] },
    ];
    synapse = await forks.start(
      place.folder,
      { modules: [bridge, probe], max_upload_size: '300M', listeners },
      { PYTHONPATH: `${bridgeFolder}:${inProject('test/synapse/python')}` },
    );
    alice = await MatrixClient.register(synapse.url, 'alice');
  });
  after(async () => {
    await synapse[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
    await forks[Symbol.asyncDispose]();
  });

  const counts = async (pauseMs = 0): Promise<Readonly<Record<string, number>>> =>
    (await alice.request('GET', `/_synapse/client/streams/counts?pause=${pauseMs}`)).body as Record<string, number>;

  /** Nothing of what was sent is left on either side. */
  async function assertReleased(): Promise<void> {
    const held = async (): Promise<number> => {
      const { body } = await alice.request('GET', '/_synapse/client/link_probe');
      return Number(body['handles']) + Number(body['pending']) + Number(body['out']);
    };
    await until(async () => (await held()) === 0, 'the release of all handles');
  }

  /** What a transfer adds to the memory of both processes at its peak. */
  async function measured(t: TestContext, transfer: () => Promise<void>): Promise<void> {
    await counts();
    const pids = { Synapse: synapse.pid, 'the module host': host.pid };
    const before = Object.values(pids).map(residentMemory);
    for (const pid of Object.values(pids)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const startedAt = performance.now();
    await transfer();
    const seconds = (performance.now() - startedAt) / 1000;
    for (const [index, [name, pid]] of Object.entries(pids).entries()) {
      const grown = peakMemory(pid) - (before[index] ?? 0);
      const [had, more] = [before[index] ?? 0, grown].map((bytes) => `${Math.round(bytes / 1e6)} MB`);
      t.diagnostic(`${name}: ${had}, at most ${more} more, in ${seconds.toFixed(1)} s`);
      assert.ok(grown < allowed, `${name} took ${grown} bytes more`);
    }
    await assertReleased();
  }

  it('are given to a client in little memory', async (t) => {
    await measured(t, async () => {
      const response = await fetch(`${synapse.url}/_synapse/client/streams/down?pieces=${pieces}`);
      let got = 0;
      for await (const bytes of response.body ?? []) got += (bytes as Uint8Array).length;
      assert.equal(got, total);
    });
  });

  it('are taken from a client in little memory', async (t) => {
    await measured(t, async () => {
      const { status, text } = await upload('/_synapse/client/streams/up', pieces);
      assert.deepEqual([status, JSON.parse(text)], [200, { taken: total }]);
    });
  });

  it('are read by a spam checker of media in little memory', async (t) => {
    await measured(t, async () => {
      const { status } = await upload('/_matrix/media/v3/upload', pieces);
      assert.equal(status, 200);
      assert.equal((await counts())['taken'], total);
    });
  });

  it('that a client gives up in the middle leave nothing behind', async () => {
    const before = await counts();
    const response = await new Promise<IncomingMessage>((resolve) => {
      const request = httpRequest(`${synapse.url}/_synapse/client/streams/down?pieces=${pieces}`, resolve);
      request.on('error', () => undefined).end();
    });
    response.on('error', () => undefined);
    await new Promise((resolve) => response.once('data', resolve));
    response.destroy();
    await until(
      async () => (await counts())['cancelled'] === (before['cancelled'] ?? 0) + 1,
      'the end of the download',
    );
    await assertReleased();

    const uploading = upload('/_synapse/client/streams/up', 400);
    const isInTheMiddle = async (): Promise<boolean> => {
      const { uploads = 0, taken = 0 } = await counts(5);
      return uploads === (before['uploads'] ?? 0) + 1 && taken > 0;
    };
    await until(isInTheMiddle, 'the middle of the upload');
    uploading.request.destroy();
    await assert.rejects(uploading);
    await until(async () => (await counts(5))['aborted'] === (before['aborted'] ?? 0) + 1, 'the end of the upload');
    await until(async () => (await counts(5))['failed'] === (before['failed'] ?? 0) + 1, 'the end of reading');
    await assertReleased();
    await assertCleanLog(synapse);
  });

  /** Sends so many pieces. */
  function upload(
    path: string,
    count: number,
  ): Promise<{ readonly status: number; readonly text: string }> & { readonly request: ClientRequest } {
    const headers = { authorization: `Bearer ${alice.token}`, 'content-length': count * pieceLength };
    const request = httpRequest(`${synapse.url}${path}`, { method: 'POST', headers });
    const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
      request.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('error', reject).on('end', () => {
          resolve({ status: response.statusCode ?? 0, text });
        });
      });
    });
    const piece = Buffer.alloc(pieceLength, 'x');
    const sending = pipeline(Readable.from(Array.from({ length: count }, () => piece)), request);
    sending.catch(() => undefined);
    return Object.assign(answered, { request });
  }
});
