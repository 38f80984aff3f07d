import type { IncomingMessage } from 'node:http';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';

/** 413 for a body over the limit (`http/site.py: SynapseRequest`). */
export function tooLarge(limit: number): SynapseError {
  return new SynapseError(413, `Request content is too large (>${limit})`, Codes.TOO_LARGE);
}

function brokenOff(): SynapseError {
  return new SynapseError(400, 'Error reading JSON content.');
}

/** Reads the whole body; from node's own stream where there is one, because that copies least. */
export async function readBody(
  request: Request,
  incoming: IncomingMessage | undefined,
  limit: number,
): Promise<Uint8Array> {
  if (incoming === undefined) return readStream(request.body, limit);
  return readIncoming(incoming, limit);
}

/** The body piece by piece, as it comes; it fails where it is longer than the limit. */
export async function* bodyPieces(
  request: Request,
  incoming: IncomingMessage | undefined,
  limit: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Who stops reading still wants to answer.
  const source: AsyncIterable<Uint8Array> | readonly [] =
    incoming?.iterator({ destroyOnReturn: false }) ?? request.body ?? [];
  let size = 0;
  try {
    for await (const piece of source) {
      size += piece.byteLength;
      if (size > limit) throw tooLarge(limit);
      yield piece;
    }
  } catch (error) {
    throw incoming?.destroyed === true && !incoming.complete ? brokenOff() : error;
  }
}

/** Where `@hono/node-server` looks for a body before it reads one. */
interface WithRawBody extends IncomingMessage {
  rawBody?: Buffer;
}

/** Whether a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Reads the whole body of a request, which then gives it at once to whoever asks; requests of Fetch with TRACE have none. */
export async function takeWhole(incoming: IncomingMessage, limit: number): Promise<void> {
  const body = await readIncoming(incoming, limit);
  const isDropped = incoming.method === 'TRACE';
  const noted: WithRawBody = incoming;
  noted.rawBody = isDropped ? none : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

const none = Buffer.alloc(0);

function readIncoming(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) reject(tooLarge(limit));
      else chunks.push(chunk);
    });
    incoming.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    });
    incoming.on('error', reject);
    incoming.on('close', () => {
      if (!incoming.readableEnded) reject(brokenOff());
    });
    if (incoming.readableEnded || incoming.destroyed) resolve(new Uint8Array());
  });
}

async function readStream(body: ReadableStream<Uint8Array> | null, limit: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
