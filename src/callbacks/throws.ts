import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';

/** What a throw of a callback means. */
export type Throws =
  /** It fails the operation: a `SynapseError` reaches the client, anything else is a 500. */
  | { readonly kind: 'propagates' }
  /** It is logged, and the next callback is asked. */
  | { readonly kind: 'logged'; /** The level at which Synapse logs it. */ readonly level: 'warn' | 'error' }
  /** It becomes this error; with `keepsSynapseError` a `SynapseError` passes unchanged. */
  | { readonly kind: 'becomes'; readonly error: (cause: unknown) => Error; readonly keepsSynapseError: boolean };

export const propagates: Throws = { kind: 'propagates' };
export const loggedAsWarning: Throws = { kind: 'logged', level: 'warn' };
export const loggedAsError: Throws = { kind: 'logged', level: 'error' };
/** `handlers/auth.py` answers 500 with other capitals than the rest of Synapse, whatever was thrown. */
export const internalServerError: Throws = {
  kind: 'becomes',
  error: (cause) => new SynapseError(500, 'Internal Server Error', Codes.UNKNOWN, {}, {}, { cause }),
  keepsSynapseError: false,
};
