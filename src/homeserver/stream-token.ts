import { SynapseError } from '../errors/synapse-error.js';

/** The token of a position in the stream of changes: what was up to it has been seen. For `/sync` and for reading history. */
export function streamToken(position: number): string {
  return `s${position}`;
}

/** The position that a token names, or 400. */
export function parseStreamToken(token: string): number {
  return parseSyncToken(token).position;
}

/** Where a sync ended. */
export interface SyncPosition {
  readonly position: number;
  /** Messages to the device were fetched up to here only, because there were too many for one sync. */
  readonly toDevice: number;
}

/** The token of the end of a sync. */
export function syncToken({ position, toDevice }: SyncPosition): string {
  return toDevice === position ? `s${position}` : `s${position}_${toDevice}`;
}

/** The end of a sync that a token names, or 400. */
export function parseSyncToken(token: string): SyncPosition {
  const [, position, toDevice = position] = /^s(\d{1,15})(?:_(\d{1,15}))?$/.exec(token) ?? [];
  if (position === undefined) throw new SynapseError(400, 'Invalid stream token');
  return { position: Number(position), toDevice: Number(toDevice) };
}
