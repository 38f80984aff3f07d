import type { ErrorArguments } from '../errors/codes.js';
import { VesicleError } from '../errors/vesicle-error.js';

/** One thing wrong with a configuration, for programs. */
export interface ConfigFault {
  /** As Synapse writes it: `modules.<item 0>.config.a`. */
  readonly path: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** `CONFIG_INVALID`, with what is wrong as values. */
export class ConfigInvalidError extends VesicleError {
  constructor(
    readonly faults: readonly ConfigFault[],
    args: ErrorArguments<'CONFIG_INVALID'>,
    options?: ErrorOptions,
  ) {
    super('CONFIG_INVALID', args, options);
  }
}
