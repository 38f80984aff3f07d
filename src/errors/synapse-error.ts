import { inspect } from 'node:util';
import { Code, Codes } from './matrix-codes.js';

/**
 * The error that becomes the answer to a client: HTTP status, `errcode`, `error` and further fields
 * (`synapse.api.errors.SynapseError`). Thrown by a callback or web resource, it reaches the client as it is
 * where Synapse lets it through.
 *
 * @example
 * ```ts
 * import { Codes, SynapseError } from 'vesicle';
 * throw new SynapseError(429, 'Slow down', Codes.LIMIT_EXCEEDED, { retry_after_ms: 1000 });
 * ```
 */
export class SynapseError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** The text of the error code. */
  readonly errcode: string;
  /** Merged into the body after `errcode` and `error`, so that they may override both, as in Synapse. */
  readonly additionalFields: Readonly<Record<string, unknown>>;
  /** HTTP headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  /** Throws a TypeError for fields that Synapse would not take either. */
  constructor(
    status: number,
    message: string,
    errcode: Code | string = Codes.UNKNOWN,
    additionalFields: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SynapseError';
    this.status = statusOf(status);
    this.errcode = errcode instanceof Code ? errcode.value : errcode;
    this.additionalFields = recordOf(additionalFields, 'additionalFields');
    this.headers = recordOf(headers, 'headers') as Readonly<Record<string, string>>;
  }

  /** The JSON body that a client gets. */
  toBody(): Record<string, unknown> {
    return { errcode: this.errcode, error: this.message, ...this.additionalFields };
  }
}

/**
 * 401: the credentials are wrong (`InvalidClientCredentialsError`).
 *
 * @example
 * ```ts
 * import { InvalidClientCredentialsError } from 'vesicle';
 * throw new InvalidClientCredentialsError('Unknown access token', 'M_UNKNOWN_TOKEN');
 * ```
 */
export class InvalidClientCredentialsError extends SynapseError {
  constructor(message: string, errcode: Code | string, additionalFields: Readonly<Record<string, unknown>> = {}) {
    super(401, message, errcode, additionalFields);
    this.name = 'InvalidClientCredentialsError';
  }
}

/**
 * Answers a request to an HTML web resource with a redirect (`RedirectException`). In a JSON resource it is a 500, as in Synapse.
 *
 * @example
 * ```ts
 * import { RedirectException } from 'vesicle';
 * throw new RedirectException('https://example.com/', 303);
 * ```
 */
export class RedirectException extends Error {
  /** Values of `Set-Cookie` headers to send along. */
  readonly cookies: string[] = [];

  /** HTTP status. */
  readonly status: number;

  /**
   * Throws a TypeError for a location that is not Unicode.
   *
   * @defaultValue `status` is 302
   */
  constructor(
    /** The `Location` header. */
    readonly location: string,
    status = 302,
  ) {
    super(`Redirect to ${location}`);
    this.name = 'RedirectException';
    if (/\p{Surrogate}/u.test(location))
      throw new TypeError('The location of a RedirectException holds half of a character');
    this.status = statusOf(status);
  }
}

/** As Python's `int(code)`: a fraction is cut off. */
function statusOf(status: unknown): number {
  if (typeof status === 'number' && Number.isFinite(status)) return Math.trunc(status);
  throw new TypeError(`The status of an error must be a number, not ${inspect(status)}`);
}

/** As Python's `dict(fields)`; null is none. */
function recordOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new TypeError(`The ${name} of a SynapseError must be an object, not ${inspect(value)}`);
}
