import type { EventId, RoomId } from '../../matrix/ids.js';
import type { Database, Schema } from './database.js';
import { isFound, rankOf, type SearchQuery } from './search-query.js';
import { joinWords, searchWords } from './search-words.js';
import type { StoreUpdate } from './store-update.js';

const firstIndexParts = ['content', 'segments', 'segdir', 'docsize', 'stat'];

/** Files of the first version have an index of SQLite's own full-text search. */
const dropFirstIndex: StoreUpdate = {
  name: 'drop_event_search',
  version: 2,
  isOneShot: true,
  run: (database) => {
    try {
      database.run('DROP TABLE IF EXISTS event_search');
    } catch {
      // Node 22.13 has no full-text search: a name stays behind that nobody asks for, without what takes the space.
      for (const part of firstIndexParts) database.run(`DROP TABLE IF EXISTS event_search_${part}`);
    }
    return { items: 1, progress: null };
  },
};

export const searchSchema: Schema = {
  name: 'search',
  versions: [
    // What the first version made needs a full-text search that not every Node has.
    '',
    `CREATE TABLE event_texts (
       position INTEGER PRIMARY KEY,
       event_id TEXT NOT NULL UNIQUE,
       room_id TEXT NOT NULL,
       key TEXT NOT NULL,
       words TEXT NOT NULL
     );
     CREATE INDEX event_texts_room ON event_texts (room_id);
     CREATE TABLE IF NOT EXISTS event_search_position (position INTEGER NOT NULL);
     DELETE FROM event_search_position;
     INSERT INTO event_search_position VALUES (0);`,
  ],
  updates: [dropFirstIndex],
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

interface OccurrenceRow {
  readonly position: number;
  /** The place of the phrase in the query. */
  readonly phrase: number;
  readonly count: number;
}

/**
 * Texts of events by their words, which are looked for in all of them: a rare word among 100,000 texts takes some hundredths of a
 * second. What was sent since the last search is read by the next one: sending costs nothing.
 */
export class SearchStore {
  constructor(private readonly database: Database) {
    database.define('joined_words', (text) => joinWords(searchWords(String(text))));
  }

  /** All hits, oldest first. */
  find(query: SearchQuery, scope: SearchScope): readonly SearchHit[] {
    this.catchUp();
    const texts = new Map<number, number[]>();
    const totals = query.phrases.map(() => 0);
    for (const { position, phrase, count } of this.occurrences(query)) {
      const here = texts.get(position) ?? [];
      here[phrase] = count;
      texts.set(position, here);
      totals[phrase] = (totals[phrase] ?? 0) + count;
    }
    const found = [...texts].filter(([, here]) => isFound(query, here)).map(([position]) => position);
    const hits = this.database.all<Omit<SearchHit, 'rank'>>(
      `SELECT events.event_id, events.position, events.origin_server_ts
       FROM json_each(?) AS found JOIN event_texts ON event_texts.position = found.value
       JOIN events ON events.event_id = event_texts.event_id
       WHERE event_texts.room_id IN (SELECT value FROM json_each(?))
       AND event_texts.key IN (SELECT value FROM json_each(?))
       ORDER BY events.position`,
      JSON.stringify(found),
      JSON.stringify(scope.rooms),
      JSON.stringify(scope.keys),
    );
    return hits.map((hit) => ({ ...hit, rank: rankOf(texts.get(hit.position) ?? [], totals) }));
  }

  /** Forgets the texts of a room. */
  purge(roomId: RoomId): void {
    this.database.run('DELETE FROM event_texts WHERE room_id = ?', roomId);
  }

  /** Forgets the texts of events. */
  forget(eventIds: readonly string[]): void {
    const sql = 'DELETE FROM event_texts WHERE event_id IN (SELECT value FROM json_each(?))';
    this.database.run(sql, JSON.stringify(eventIds));
  }

  private occurrences({ phrases }: SearchQuery): OccurrenceRow[] {
    return this.database.all<OccurrenceRow>(
      `SELECT position, phrases.key AS phrase,
         (length(words) - length(replace(words, phrases.value, ''))) / length(phrases.value) AS count
       FROM json_each(?) AS phrases CROSS JOIN event_texts
       WHERE phrases.value != '' AND instr(words, phrases.value) > 0`,
      JSON.stringify(phrases.map(joinWords)),
    );
  }

  private catchUp(): void {
    this.database.transaction(() => {
      const last = this.database.get<{ position: number }>('SELECT position FROM event_search_position')?.position ?? 0;
      this.database.run(
        `INSERT INTO event_texts (position, event_id, room_id, key, words)
         SELECT position, event_id, room_id, 'content.' || name, joined_words(json_extract(json, '$.content.' || name))
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
