import { SynapseError } from '../../errors/synapse-error.js';
import type { HistoryPlace } from '../store/history-range.js';

/** The token of a position in the stream of changes: what was up to it has been seen. */
export function streamToken(position: number): string {
  return `s${position}`;
}

/** The position that a token of the stream names, or 400. */
export function parseStreamToken(token: string): number {
  return parseSyncToken(token).position;
}

/** The token of a place in a room's history: by depth `t<depth>-<position>`, in the stream `s<position>` (`RoomStreamToken`). */
export function historyToken(place: HistoryPlace): string {
  return typeof place === 'number' ? streamToken(place) : `t${place.depth}-${place.position}`;
}

/** The place in a history that a token names, or 400. */
export function parseHistoryToken(token: string): HistoryPlace {
  const { depth, position } = parseParts(token);
  return depth === undefined ? position : { depth, position };
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
  const { depth, position, toDevice = position } = parseParts(token);
  if (depth !== undefined) throw invalidToken();
  return { position, toDevice };
}

function parseParts(token: string): {
  readonly depth: number | undefined;
  readonly position: number;
  readonly toDevice: number | undefined;
} {
  const [, depth, position, toDevice] = /^(?:s|t(\d{1,16})-)(\d{1,15})(?:_(\d{1,15}))?$/.exec(token) ?? [];
  if (position === undefined) throw invalidToken();
  return { depth: optionalNumber(depth), position: Number(position), toDevice: optionalNumber(toDevice) };
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function invalidToken(): SynapseError {
  return new SynapseError(400, 'Invalid stream token');
}
