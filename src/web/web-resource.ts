/**
 * HTTP methods that a web resource can be limited to. HEAD goes to GET's handler; OPTIONS never reaches a module.
 *
 * @example
 * ```ts
 * import { type HttpMethod } from 'vesicle';
 * const method: HttpMethod = 'POST';
 * ```
 */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/**
 * What errors and missing methods look like: Synapse's `DirectServeJsonResource`, `DirectServeHtmlResource`, or Twisted's own.
 *
 * @example
 * ```ts
 * import { type WebResourceKind } from 'vesicle';
 * const kind: WebResourceKind = 'html';
 * ```
 */
export type WebResourceKind = 'json' | 'html' | 'plain';

/**
 * A handler takes a Fetch request and answers with a Fetch response; its body may be a stream.
 *
 * @example
 * ```ts
 * import { type WebHandler } from 'vesicle';
 * const handler: WebHandler = async (request) => Response.json({ path: new URL(request.url).pathname });
 * ```
 */
export type WebHandler = (request: Request) => Promise<Response> | Response;

/**
 * Anything that answers Fetch requests: a Hono app, for one.
 *
 * @example
 * ```ts
 * import { type Fetchable } from 'vesicle';
 * const app: Fetchable = { fetch: async () => new Response('hello') };
 * ```
 */
export interface Fetchable {
  readonly fetch: (request: Request) => Promise<Response> | Response;
}

/**
 * A handler, handlers by HTTP method, or anything with `fetch`.
 *
 * @example
 * ```ts
 * import { type WebResourceLike } from 'vesicle';
 * const words: WebResourceLike = {
 *   GET: async () => Response.json(['casino']),
 *   DELETE: async () => Response.json({}),
 * };
 * ```
 */
export type WebResourceLike = WebHandler | Fetchable | { readonly [M in HttpMethod]?: WebHandler };

/**
 * Options of `@WebResource` and `registerWebResource`.
 *
 * @example
 * ```ts
 * import { type WebResourceOptions } from 'vesicle';
 * const options: WebResourceOptions = { method: 'GET', subtree: true };
 * ```
 */
export interface WebResourceOptions {
  /** The only HTTP method answered; the others get 405. */
  readonly method?: HttpMethod;
  /** Answers the path and everything below it; by default only a fetch-able property does. */
  readonly subtree?: boolean;
  /** `json` when absent; `plain` for a fetch-able. */
  readonly kind?: WebResourceKind;
}
