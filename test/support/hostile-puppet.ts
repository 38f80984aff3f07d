import { Module } from '../../src/decorators/module.js';
import { WebResource } from '../../src/decorators/web-resource.js';
import { RedirectException, SynapseError } from '../../src/errors/synapse-error.js';

/** What a request asks its answer to be, as JSON in the header `X-Order`; without it the answer is what was understood of the request. */
export interface Order {
  /** An answer with this status, these headers and this body; a number of pieces makes it a stream. */
  readonly status?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | null;
  /** A body of so many letters instead. */
  readonly letters?: number;
  readonly pieces?: number;
  /** The number of the piece in place of which the stream fails. */
  readonly failAt?: number;
  /** The answer is made by `Response.json`. */
  readonly json?: boolean;
  /** An error instead of an answer. */
  readonly fail?: 'synapse' | 'redirect' | 'other';
}

const base = '/_synapse/client/puppet';

/** Where it answers. */
export const puppetPaths: readonly string[] = [
  `${base}/json`,
  `${base}/tree`,
  `${base}/html`,
  `${base}/plain`,
  `${base}/get`,
  `${base}/get_plain`,
  `${base}/app`,
  `/org.example/deep/down`,
];

/** A module that answers as it is told, on web resources of all kinds. */
@Module()
export class HostilePuppet {
  @WebResource(`${base}/app`)
  readonly app = { fetch: answer };

  @WebResource(`${base}/json`)
  async json(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource(`${base}/tree`, { subtree: true })
  async tree(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource(`${base}/html`, { kind: 'html' })
  async html(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource(`${base}/plain`, { kind: 'plain', subtree: true })
  async plain(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource(`${base}/get`, { method: 'GET' })
  async get(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource(`${base}/get_plain`, { method: 'GET', kind: 'plain' })
  async getPlain(request: Request): Promise<Response> {
    return await answer(request);
  }

  @WebResource('/org.example/deep/down', { subtree: true })
  async deep(request: Request): Promise<Response> {
    return await answer(request);
  }
}

async function answer(request: Request): Promise<Response> {
  const order = orderOf(request);
  if (order === undefined) return await echo(request);
  const { status = 200, headers = [], letters } = order;
  const body = letters === undefined ? (order.body ?? null) : 'y'.repeat(letters);
  const init = { status, headers: Object.fromEntries(headers) };
  if (order.fail !== undefined) throw failureOf(order.fail, status, body ?? '', init.headers);
  if (order.json === true) return Response.json({ body }, init);
  return new Response(order.pieces === undefined ? body : streamOf(order.pieces, order.failAt), init);
}

function failureOf(
  kind: NonNullable<Order['fail']>,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): Error {
  switch (kind) {
    case 'synapse':
      return new SynapseError(status, text, 'ORG_EXAMPLE_ORDERED', { 'org.example.n': 1 }, headers);
    case 'redirect':
      return new RedirectException(`https://example.org/${text}`, status);
    case 'other':
      return new Error('ordered');
  }
}

function orderOf(request: Request): Order | undefined {
  try {
    return JSON.parse(request.headers.get('x-order') ?? '') as Order;
  } catch {
    return undefined;
  }
}

async function echo(request: Request): Promise<Response> {
  const headers = [...request.headers]
    .filter(([name]) => name !== 'connection')
    .map(([name, value]) => [name, value.trim()]);
  const body = Buffer.from(await request.arrayBuffer());
  const text = body.subarray(0, 1_000).toString('latin1');
  return Response.json({ method: request.method, url: request.url, headers, body: text, length: body.length });
}

function streamOf(pieces: number, failAt: number | undefined): ReadableStream<Uint8Array> {
  let number = 0;
  return new ReadableStream({
    pull: async (controller) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (number === failAt) controller.error(new Error('ordered to break off'));
      else if (number < pieces) controller.enqueue(new Uint8Array(50_000).fill(0x61 + (number % 26)));
      else controller.close();
      number++;
    },
  });
}
