/** Where a request came from, as far as its server knows. */
export interface RequestOrigin {
  readonly ip: string;
}

const origin = Symbol('origin');

interface RequestWithOrigin extends Request {
  [origin]?: RequestOrigin;
}

/** Notes where a request came from. A member of the request: a WeakMap entry for each request would burden the collector. */
export function rememberOrigin(request: Request, from: RequestOrigin): void {
  const noted: RequestWithOrigin = request;
  noted[origin] = from;
}

/** Where a request that a web resource got came from; undefined for a request made by anybody else. */
export function originOf(request: Request): RequestOrigin | undefined {
  const noted: RequestWithOrigin = request;
  return noted[origin];
}
