/** What a response can be made of. */
export type ResponseBody = ConstructorParameters<typeof Response>[0];

/** Status, body and headers of a response that nobody has read yet. */
export interface ResponseParts {
  readonly status: number;
  readonly body: ResponseBody;
  readonly headers: Readonly<Record<string, string>>;
}

const none: Readonly<Record<string, string>> = {};
let keptAt: symbol | undefined;

/**
 * The parts of a response as they were given to its constructor, where they can be had: `@hono/node-server` replaces the
 * global `Response` by one that keeps them until somebody asks for more, and writes them to the socket as they are.
 * Reading `headers` of such a response would cost more than the whole rest of a small request. Undefined for any other
 * response; callers then use what every response has.
 */
export function readResponseParts(response: Response): ResponseParts | undefined {
  keptAt ??= Object.getOwnPropertySymbols(response).find((symbol) => symbol.description === 'cache');
  if (keptAt === undefined) return undefined;
  const kept: unknown = Reflect.get(response, keptAt);
  if (!Array.isArray(kept)) return undefined;
  const [status, body, headers = none] = kept as [unknown, unknown, unknown];
  if (typeof status !== 'number' || !isPlainObject(headers)) return undefined;
  return { status, body: body as ResponseBody, headers };
}

function isPlainObject(headers: unknown): headers is Readonly<Record<string, string>> {
  return typeof headers === 'object' && headers !== null && Object.getPrototypeOf(headers) === Object.prototype;
}
