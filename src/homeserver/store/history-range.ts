import type { RoomId } from '../../matrix/ids.js';
import type { Row } from './database/database.js';

/**
 * A place between the events of a room's history, where they are sorted by depth, those of one depth by position: behind the
 * event of this depth and position, whether there is one or not.
 */
export interface DepthPlace {
  readonly depth: number;
  readonly position: number;
}

/** A place in a room's history; a number is a position in the stream: all events up to it lie before, however deep they are. */
export type HistoryPlace = number | DepthPlace;

/** Part of a room's history, read by depth. The events before `from` and `to` are left out on the way forwards, kept backwards. */
export interface HistoryRange {
  readonly roomId: RoomId;
  readonly direction: 'f' | 'b';
  /** Without: the end of the history that lies behind the reader. */
  readonly from?: HistoryPlace;
  /** Without: the end of the history that lies ahead. */
  readonly to?: HistoryPlace;
  readonly limit: number;
}

/** The position in the stream that a place names. */
export function positionOf(place: HistoryPlace): number {
  return typeof place === 'number' ? place : place.position;
}

/** The place where reading goes on behind an event. */
export function placeBehind({ depth, position }: DepthPlace, direction: 'f' | 'b'): DepthPlace {
  return { depth, position: direction === 'f' ? position : position - 1 };
}

/** Whether an event lies behind a place. */
export function isBehind({ depth, position }: DepthPlace, place: HistoryPlace): boolean {
  if (typeof place === 'number') return position > place;
  return depth > place.depth || (depth === place.depth && position > place.position);
}

/** Whether nothing can lie between two places. Synapse looks at their positions only, whatever their depths (`is_before_or_eq`). */
export function isEmptyRange({ direction, from, to }: HistoryRange): boolean {
  if (from === undefined || to === undefined) return false;
  const way = positionOf(to) - positionOf(from);
  return direction === 'f' ? way <= 0 : way >= 0;
}

/**
 * SQL for the events within a range; the plus keeps SQLite from the index by position, by which all would have to be read
 * before they are sorted.
 */
export const isInRange = `room_id = :roomId
  AND depth >= :lowDepth AND (depth > :lowDepth OR +position > :lowAt) AND +position > :low
  AND depth <= :highDepth AND (depth < :highDepth OR +position <= :highAt) AND +position <= :high`;

/** SQL for the order in which a range is read. */
export function orderOf({ direction }: Pick<HistoryRange, 'direction'>): string {
  return direction === 'f' ? 'depth ASC, position ASC' : 'depth DESC, position DESC';
}

/** The values for {@link isInRange}. */
export function boundsOf({ roomId, direction, from, to }: HistoryRange): Row {
  const [low, high] = direction === 'f' ? [from, to] : [to, from];
  const lowPlace = depthPlaceOf(low, lowest);
  const highPlace = depthPlaceOf(high, highest);
  return {
    roomId,
    low: typeof low === 'number' ? low : lowest,
    lowDepth: lowPlace.depth,
    lowAt: lowPlace.position,
    high: typeof high === 'number' ? high : highest,
    highDepth: highPlace.depth,
    highAt: highPlace.position,
  };
}

const lowest = Number.MIN_SAFE_INTEGER;
const highest = Number.MAX_SAFE_INTEGER;

function depthPlaceOf(place: HistoryPlace | undefined, otherwise: number): DepthPlace {
  return typeof place === 'object' ? place : { depth: otherwise, position: otherwise };
}
