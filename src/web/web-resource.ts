/** HTTP methods that a web resource can be limited to. HEAD goes to GET's handler; OPTIONS never reaches a module. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

/** What errors and missing methods look like: Synapse's `DirectServeJsonResource`, `DirectServeHtmlResource`, or Twisted's own. */
export type WebResourceKind = 'json' | 'html' | 'plain';

/** A handler takes a Fetch request and answers with a Fetch response; bodies stream both ways. */
export type WebHandler = (request: Request) => Promise<Response> | Response;

/** Anything that answers Fetch requests: a Hono app, for one. */
export interface Fetchable {
  readonly fetch: (request: Request) => Promise<Response> | Response;
}

/** A handler, handlers by HTTP method, or anything with `fetch`. */
export type WebResourceLike = WebHandler | Fetchable | { readonly [M in HttpMethod]?: WebHandler };

/** Options of `@WebResource` and `registerWebResource`. */
export interface WebResourceOptions {
  /** The only HTTP method answered; the others get 405. */
  readonly method?: HttpMethod;
  /** Answers the path and everything below it; by default only a fetch-able property does. */
  readonly subtree?: boolean;
  /** `json` when absent; `plain` for a fetch-able. */
  readonly kind?: WebResourceKind;
}
