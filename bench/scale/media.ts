import { readFile } from 'node:fs/promises';
import { MatrixClient } from '../../test/support/matrix-client.js';
import { peakMemory, type ServerProcess } from '../../test/support/server-process.js';
import { SynapseFolder } from '../../test/support/synapse.js';
import { startVesicle } from '../../test/support/vesicle-process.js';
import { type BenchRow, benchRow } from '../bench-row.js';
import { byTurns } from '../measure.js';

const megabyte = 1_048_576;
const size = 50 * megabyte;
const rounds = 2;
/** Processor time is told in hundredths of a second. */
const tick = 10;

/** What a download of 50 MiB costs the server, beside Synapse. */
export async function mediaDownload(): Promise<BenchRow> {
  return await beside('media-download', 'ms of the server', async (server) => {
    const client = await MatrixClient.register(server.url, name());
    const target = await upload(server.url, client);
    await download(target, client);
    const before = await processorTime(server.pid);
    for (let count = 0; count < 4; count++) await download(target, client);
    return ((await processorTime(server.pid)) - before) / 4;
  });
}

/** By how much an upload of 50 MiB lifts the server's peak of memory, beside Synapse. */
export async function mediaUpload(): Promise<BenchRow> {
  return await beside('media-upload', 'bytes of peak memory', async (server) => {
    const client = await MatrixClient.register(server.url, name());
    const before = peakMemory(server.pid);
    await upload(server.url, client);
    return peakMemory(server.pid) - before;
  });
}

let users = 0;

function name(): string {
  return `media${++users}`;
}

async function beside(
  row: string,
  unit: string,
  measure: (server: ServerProcess) => Promise<number>,
): Promise<BenchRow> {
  await using folder = await SynapseFolder.make();
  const own = async (): Promise<number> => {
    await using server = await startVesicle();
    return await measure(server);
  };
  const others = async (): Promise<number> => {
    await using server = await folder.start();
    return await measure(server);
  };
  const { vesicle = NaN, synapse = NaN } = await byTurns({ vesicle: own, synapse: others }, rounds);
  return benchRow(`scale/${row}`, vesicle, unit, 'Synapse', synapse);
}

async function upload(url: string, client: MatrixClient): Promise<string> {
  const response = await fetch(`${url}/_matrix/media/v3/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(size),
  });
  const { content_uri: uri } = (await response.json()) as { readonly content_uri: string };
  return `${url}/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
}

async function download(target: string, client: MatrixClient): Promise<void> {
  const response = await fetch(target, { headers: { authorization: `Bearer ${client.token}` } });
  const { byteLength } = await response.arrayBuffer();
  if (response.status !== 200 || byteLength !== size) throw new Error(`${response.status}, ${byteLength} bytes`);
}

/** Milliseconds. */
async function processorTime(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tick;
}
