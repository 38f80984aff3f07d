import { NOT_SPAM, type SpamOutcome } from '../../../callbacks/spam-verdict.js';
import { SynapseError } from '../../../errors/synapse-error.js';

/** Throws 403 with the code and fields of a spam checker's refusal, and this text unless the refusal brings its own. */
export function refuseSpam(outcome: SpamOutcome, message: string): void {
  if (outcome === NOT_SPAM) return;
  throw new SynapseError(403, outcome.message ?? message, outcome.errcode, outcome.fields);
}
