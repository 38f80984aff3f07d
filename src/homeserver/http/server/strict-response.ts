/** Statuses for which Fetch allows no body. */
const nullBody: ReadonlySet<number> = new Set([204, 205, 304]);

type Body = ConstructorParameters<typeof Response>[0];
type Init = ConstructorParameters<typeof Response>[1];

let installed: unknown;

/**
 * Puts checks of Fetch's back that `@hono/node-server` leaves out of its replacement of the global `Response`: what cannot be
 * a response there is an error where it is made, as it is for the same module in Synapse's module host.
 */
export function installStrictResponse(): void {
  if (globalThis.Response === installed) return;
  const Light = globalThis.Response;
  const Native = nativeOf(Light);
  const checked = (body: Body, init: Init): Init => {
    const status: unknown = init?.status;
    if (status === undefined) return init;
    // What is not a usual status is converted or refused by Fetch itself.
    const usual = isUsual(status) ? status : new Native(null, init).status;
    if (nullBody.has(usual) && body !== null && body !== undefined) {
      throw new TypeError(`Response constructor: Invalid response status code ${usual}`);
    }
    return usual === status ? init : { ...init, status: usual };
  };
  class StrictResponse extends Light {
    constructor(body?: Body, init?: Init) {
      super(body, checked(body, init));
    }

    static override json(data: unknown, init?: Init): Response {
      return Light.json(data, checked('', init));
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof Native;
    }
  }
  Object.defineProperty(StrictResponse, 'name', { value: 'Response' });
  installed = StrictResponse;
  Object.defineProperty(globalThis, 'Response', { value: StrictResponse, configurable: true, writable: true });
}

function isUsual(status: unknown): status is number {
  return typeof status === 'number' && status >= 200 && status <= 599 && Number.isInteger(status);
}

/** The class that a replacement stands for: the end of its line. */
function nativeOf(replacement: typeof Response): typeof Response {
  const above: unknown = Object.getPrototypeOf(replacement);
  return above === Function.prototype ? replacement : nativeOf(above as typeof Response);
}
