import { SynapseError } from '../errors/synapse-error.js';

/** The token of a position in the stream of changes: what was up to it has been seen. For `/sync` and for reading history. */
export function streamToken(position: number): string {
  return `s${position}`;
}

/** The position that a token names, or 400. */
export function parseStreamToken(token: string): number {
  const digits = /^s(\d{1,15})$/.exec(token)?.[1];
  if (digits === undefined) throw new SynapseError(400, 'Invalid stream token');
  return Number(digits);
}
