import type { EventId, RoomId } from '../../../matrix/ids.js';

/** Where texts are looked for. */
export interface SearchScope {
  readonly rooms: readonly RoomId[];
  /** `content.body`, `content.name`, `content.topic`. */
  readonly keys: readonly string[];
}

/** The order of hits in time: of the same millisecond, the position decides. */
export interface SearchMark {
  readonly origin_server_ts: number;
  readonly position: number;
}

/** An event with what was looked for. */
export interface SearchHit extends SearchMark {
  readonly event_id: EventId;
  /** The share that its text has of all occurrences of what was looked for. */
  readonly rank: number;
}

/** What a search found, read as far as it is wanted. */
export interface SearchHits {
  /** How many there are. */
  readonly count: number;
  /** From before a mark, newest first. */
  readonly newest: (before?: SearchMark) => Iterable<SearchHit>;
  /** Of the highest rank, and of the same rank the oldest, first. */
  readonly best: (limit: number) => readonly SearchHit[];
}

/** Compares by time. */
export function compareMarks(a: SearchMark, b: SearchMark): number {
  return a.origin_server_ts - b.origin_server_ts || a.position - b.position;
}
