import { SynapseError } from '../../errors/synapse-error.js';

/** The token of a position in the stream of changes: `next_batch` of a sync, `from` of what reads on from it. */
export function syncToken(position: number): string {
  return `s${position}`;
}

/** The position that a token names, or 400. */
export function parseSyncToken(token: string): number {
  const digits = /^s(\d{1,15})$/.exec(token)?.[1];
  if (digits === undefined) throw new SynapseError(400, 'Invalid stream token');
  return Number(digits);
}
