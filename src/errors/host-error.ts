/**
 * An exception of the homeserver that is no {@link SynapseError}: `type` is the name of Synapse's Python class
 * (`RuntimeError`, `ValueError`, `TemplateNotFound`, ...). The same on both hosts.
 *
 * @example
 * ```ts
 * import { HostError } from 'vesicle';
 * const isMissing = (error: unknown) => error instanceof HostError && error.type === 'TemplateNotFound';
 * ```
 */
export class HostError extends Error {
  constructor(
    /** The name of the Python class that Synapse raises. */
    readonly type: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'HostError';
  }
}
