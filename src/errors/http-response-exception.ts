import { HostError } from './host-error.js';

/**
 * An answer that is not 2xx to a request of `ModuleApi.httpClient` (`synapse.api.errors.HttpResponseException`).
 *
 * @example
 * ```ts
 * import { HttpResponseException } from 'vesicle';
 * const isGone = (error: unknown) => error instanceof HttpResponseException && error.code === 410;
 * ```
 */
export class HttpResponseException extends HostError {
  constructor(
    /** HTTP status. */
    readonly code: number,
    message: string,
    /** The body of the answer. */
    readonly response: Uint8Array,
    options?: ErrorOptions,
  ) {
    // As Python shows it.
    super('HttpResponseException', `${code}: ${message}`, options);
    this.name = 'HttpResponseException';
  }
}
