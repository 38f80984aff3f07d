const whole = Symbol('whole');

interface ResponseWithWhole extends Response {
  [whole]?: Uint8Array;
}

/** Notes the body of a response, so that nobody needs to read its stream. A member: a WeakMap entry for each would cost more. */
export function rememberWhole(response: Response, body: Uint8Array): Response {
  const noted: ResponseWithWhole = response;
  noted[whole] = body;
  return response;
}

/** The whole body of a response, where it is known; undefined when it is to be read. */
export function wholeBodyOf(response: Response): Uint8Array | undefined {
  const noted: ResponseWithWhole = response;
  return noted[whole];
}
