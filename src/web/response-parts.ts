import { isArray } from '../matrix/json.js';
/** A body that is there as it is sent. */
export type WholeBody = string | Uint8Array<ArrayBuffer> | null;

/** Status, body and headers of a response that nobody has read yet. */
export interface ResponseParts {
  readonly status: number;
  readonly body: WholeBody;
  readonly headers: Readonly<Record<string, string>> | Headers;
}

const none: Readonly<Record<string, string>> = {};
let keptAt: symbol | undefined;

/**
 * The parts of a response with a whole body as they were given to its constructor, where they can be had: `@hono/node-server` replaces the
 * global `Response` by one that keeps them until somebody asks for more, and writes them to the socket as they are.
 * Reading `headers` of such a response would cost more than the whole rest of a small request. Undefined for any other
 * response; callers then use what every response has.
 */
export function readResponseParts(response: Response): ResponseParts | undefined {
  keptAt ??= Object.getOwnPropertySymbols(response).find((symbol) => symbol.description === 'cache');
  if (keptAt === undefined) return undefined;
  const kept: unknown = Reflect.get(response, keptAt);
  if (!isArray(kept)) return undefined;
  const [status, body, headers = none] = kept;
  if (typeof status !== 'number' || !isWhole(body)) return undefined;
  if (!isPlainObject(headers) && !(headers instanceof Headers)) return undefined;
  return { status, body, headers };
}

function isWhole(body: unknown): body is WholeBody {
  return body === null || typeof body === 'string' || body instanceof Uint8Array;
}

function isPlainObject(headers: unknown): headers is Readonly<Record<string, string>> {
  return typeof headers === 'object' && headers !== null && Object.getPrototypeOf(headers) === Object.prototype;
}
