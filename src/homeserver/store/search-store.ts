import type { EventId, RoomId } from '../../matrix/ids.js';
import type { Database, Schema } from './database.js';

export const searchSchema: Schema = {
  name: 'search',
  versions: [
    `CREATE VIRTUAL TABLE event_search USING fts4 (event_id, room_id, key, value, tokenize=porter);
     CREATE TABLE event_search_position (position INTEGER NOT NULL);
     INSERT INTO event_search_position VALUES (0);`,
  ],
};

/** Where texts are looked for. */
export interface SearchScope {
  readonly rooms: readonly RoomId[];
  /** `content.body`, `content.name`, `content.topic`. */
  readonly keys: readonly string[];
}

/** An event with the words that were looked for. */
export interface SearchHit {
  readonly event_id: EventId;
  readonly position: number;
  readonly origin_server_ts: number;
  readonly rank: number;
}

interface FoundRow extends Omit<SearchHit, 'rank'> {
  readonly info: Uint8Array;
}

/** Where newest hits are read from: those before this time, or at this time and before this position. */
export interface SearchMark {
  readonly timestamp: number;
  readonly position: number;
}

const maxHits = 500;

/** Texts of events by their words. What was sent since the last search is indexed by the next one: sending costs nothing. */
export class SearchStore {
  constructor(private readonly database: Database) {}

  /** The hits with the most and rarest words. */
  best(query: string, scope: SearchScope): readonly SearchHit[] {
    this.catchUp();
    const hits = this.database.all<FoundRow>(
      `SELECT event_search.event_id, events.position, events.origin_server_ts, matchinfo(event_search) AS info
       FROM event_search CROSS JOIN events ON events.event_id = event_search.event_id
       WHERE value MATCH ? AND event_search.room_id IN (SELECT value FROM json_each(?))
       AND key IN (SELECT value FROM json_each(?))`,
      query,
      JSON.stringify(scope.rooms),
      JSON.stringify(scope.keys),
    );
    return hits
      .map(withRank)
      .sort((a, b) => b.rank - a.rank)
      .slice(0, maxHits);
  }

  /** The newest hits, or those before a mark. */
  newest(query: string, scope: SearchScope, limit: number, before?: SearchMark): readonly SearchHit[] {
    this.catchUp();
    const { timestamp, position } = before ?? { timestamp: Number.MAX_SAFE_INTEGER, position: 0 };
    const hits = this.database.all<FoundRow>(
      `SELECT event_search.event_id, events.position, events.origin_server_ts, matchinfo(event_search) AS info
       FROM event_search CROSS JOIN events ON events.event_id = event_search.event_id
       WHERE value MATCH ?1 AND event_search.room_id IN (SELECT value FROM json_each(?2))
       AND key IN (SELECT value FROM json_each(?3))
       AND (origin_server_ts < ?4 OR (origin_server_ts = ?4 AND events.position < ?5))
       ORDER BY origin_server_ts DESC, events.position DESC LIMIT ?6`,
      query,
      JSON.stringify(scope.rooms),
      JSON.stringify(scope.keys),
      timestamp,
      position,
      limit,
    );
    return hits.map(withRank);
  }

  /** How many hits there are. */
  count(query: string, scope: SearchScope): number {
    this.catchUp();
    const row = this.database.get<{ count: number }>(
      `SELECT count(*) AS count FROM event_search WHERE value MATCH ? AND room_id IN (SELECT value FROM json_each(?))
       AND key IN (SELECT value FROM json_each(?))`,
      query,
      JSON.stringify(scope.rooms),
      JSON.stringify(scope.keys),
    );
    return row?.count ?? 0;
  }

  /** Forgets the texts of a room. */
  purge(roomId: RoomId): void {
    this.database.run('DELETE FROM event_search WHERE room_id = ?', roomId);
  }

  /** Forgets the texts of events. */
  forget(eventIds: readonly string[]): void {
    const sql = 'DELETE FROM event_search WHERE event_id IN (SELECT value FROM json_each(?))';
    this.database.run(sql, JSON.stringify(eventIds));
  }

  private catchUp(): void {
    this.database.transaction(() => {
      const last = this.database.get<{ position: number }>('SELECT position FROM event_search_position')?.position ?? 0;
      this.database.run(
        `INSERT INTO event_search (event_id, room_id, key, value)
         SELECT event_id, room_id, 'content.' || name, json_extract(json, '$.content.' || name)
         FROM (SELECT *, CASE type WHEN 'm.room.name' THEN 'name' WHEN 'm.room.topic' THEN 'topic' ELSE 'body' END AS name
               FROM events WHERE position > ? AND type IN ('m.room.message', 'm.room.name', 'm.room.topic'))
         WHERE json_type(json, '$.content.' || name) = 'text'`,
        last,
      );
      this.database.run(
        'UPDATE event_search_position SET position = coalesce((SELECT max(position) FROM events), position)',
      );
    });
  }
}

/** Each word counts by the share that this text has of all its occurrences (`storage/engines/sqlite.py: _rank`). */
function withRank({ info, ...hit }: FoundRow): SearchHit {
  const numbers = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const at = (index: number): number => numbers.getUint32(index * 4, true);
  const counters = at(0) * at(1);
  let rank = 0;
  for (let counter = 0; counter < counters; counter++) {
    const here = at(2 + counter * 3);
    if (here > 0) rank += here / at(3 + counter * 3);
  }
  return { ...hit, rank };
}
