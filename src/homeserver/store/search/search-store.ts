import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RoomId } from '../../../matrix/ids.js';
import type { Database, Schema } from '../database/database.js';
import { PhraseHits } from './phrase-hits.js';
import type { SearchHits, SearchScope } from './search-hits.js';
import type { SearchQuery } from './search-query.js';
import { joinWords, searchWords, splitWords } from './search-words.js';
import type { StoreUpdate } from '../database/store-update.js';
import { WordHits } from './word-hits.js';

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
    // A shelf is what one room has of one key. A lane counts the texts on a shelf in which a word occurs equally often.
    `DROP TABLE event_texts;
     CREATE TABLE search_shelves (
       shelf INTEGER PRIMARY KEY,
       room_id TEXT NOT NULL,
       key TEXT NOT NULL,
       UNIQUE (room_id, key)
     );
     CREATE TABLE event_texts (
       position INTEGER PRIMARY KEY,
       event_id TEXT NOT NULL UNIQUE,
       shelf INTEGER NOT NULL,
       origin_server_ts INTEGER NOT NULL,
       words TEXT NOT NULL
     );
     CREATE INDEX event_texts_shelf ON event_texts (shelf);
     CREATE TABLE event_words (
       word TEXT NOT NULL,
       shelf INTEGER NOT NULL,
       occurrences INTEGER NOT NULL,
       origin_server_ts INTEGER NOT NULL,
       position INTEGER NOT NULL,
       PRIMARY KEY (word, shelf, occurrences, origin_server_ts, position)
     ) WITHOUT ROWID;
     CREATE TABLE search_lanes (
       word TEXT NOT NULL,
       shelf INTEGER NOT NULL,
       occurrences INTEGER NOT NULL,
       texts INTEGER NOT NULL,
       PRIMARY KEY (word, shelf, occurrences)
     ) WITHOUT ROWID;
     CREATE INDEX search_lanes_shelf ON search_lanes (shelf);
     UPDATE event_search_position SET position = 0;`,
  ],
  updates: [dropFirstIndex],
};

/** So many texts are indexed in one turn of the event loop. */
const batchSize = 500;

/** A text that is indexed, or shall be. */
interface IndexedText {
  readonly position: number;
  readonly shelf: number;
  readonly origin_server_ts: number;
  /** Its words, joined. */
  readonly words: string;
}

interface NewText extends Omit<IndexedText, 'shelf' | 'words'> {
  readonly event_id: string;
  readonly room_id: string;
  readonly key: string;
  readonly text: string;
}

/**
 * Texts of events by their words. What was sent since the last search is indexed by the next one: sending costs nothing.
 */
export class SearchStore {
  constructor(private readonly database: Database) {}

  /** What a query finds among the texts that are indexed: see {@link catchUp}. */
  find(query: SearchQuery, scope: SearchScope): SearchHits {
    const shelves = this.database.all<{ shelf: number }>(
      `SELECT shelf FROM search_shelves
       WHERE room_id IN (SELECT value FROM json_each(?)) AND key IN (SELECT value FROM json_each(?))`,
      JSON.stringify(scope.rooms),
      JSON.stringify(scope.keys),
    );
    const shelfIds = JSON.stringify(shelves.map(({ shelf }) => shelf));
    const word = onlyWordOf(query);
    return word === undefined
      ? new PhraseHits(this.database, query, shelfIds)
      : new WordHits(this.database, word, shelfIds);
  }

  /** Indexes what was sent since the last search. Others are answered in between. */
  async catchUp(): Promise<void> {
    while (this.indexNext() === batchSize) await nextTurn();
  }

  /** Forgets the texts of a room. */
  purge(roomId: RoomId): void {
    this.database.transaction(() => {
      const ofRoom = 'shelf IN (SELECT shelf FROM search_shelves WHERE room_id = ?)';
      const lanes = `SELECT word, shelf, occurrences FROM search_lanes WHERE ${ofRoom}`;
      this.database.run(`DELETE FROM event_words WHERE (word, shelf, occurrences) IN (${lanes})`, roomId);
      for (const table of ['search_lanes', 'event_texts']) {
        this.database.run(`DELETE FROM ${table} WHERE ${ofRoom}`, roomId);
      }
      this.database.run('DELETE FROM search_shelves WHERE room_id = ?', roomId);
    });
  }

  /** Forgets the texts of events. */
  forget(eventIds: readonly string[]): void {
    this.database.transaction(() => {
      const ids = JSON.stringify(eventIds);
      const ofEvents = 'event_texts WHERE event_id IN (SELECT value FROM json_each(?))';
      const texts = this.database.all<IndexedText & { readonly event_id: string }>(`SELECT * FROM ${ofEvents}`, ids);
      for (const [text, word, occurrences] of wordsOf(texts)) {
        this.database.run(
          `DELETE FROM event_words
           WHERE word = ? AND shelf = ? AND occurrences = ? AND origin_server_ts = ? AND position = ?`,
          word,
          text.shelf,
          occurrences,
          text.origin_server_ts,
          text.position,
        );
      }
      this.count(texts, -1);
      this.database.run(`DELETE FROM ${ofEvents}`, ids);
    });
  }

  /** Indexes some texts; how many. */
  private indexNext(): number {
    return this.database.transaction(() => {
      const rows = this.readNext();
      const texts = rows.map((row) => this.addText(row));
      for (const [text, word, occurrences] of wordsOf(texts)) {
        const { shelf, origin_server_ts, position } = text;
        const sql = 'INSERT INTO event_words VALUES (?, ?, ?, ?, ?)';
        this.database.run(sql, word, shelf, occurrences, origin_server_ts, position);
      }
      this.count(texts, 1);
      const last = rows.length === batchSize ? (rows.at(-1)?.position ?? null) : null;
      this.database.run(
        'UPDATE event_search_position SET position = coalesce(?, (SELECT max(position) FROM events), position)',
        last,
      );
      return rows.length;
    });
  }

  private readNext(): readonly NewText[] {
    return this.database.all<NewText>(
      `SELECT position, event_id, room_id, origin_server_ts, 'content.' || name AS key,
         json_extract(json, '$.content.' || name) AS text
       FROM (SELECT *, CASE type WHEN 'm.room.name' THEN 'name' WHEN 'm.room.topic' THEN 'topic' ELSE 'body' END AS name
             FROM events
             WHERE position > (SELECT position FROM event_search_position)
             AND type IN ('m.room.message', 'm.room.name', 'm.room.topic'))
       WHERE json_type(json, '$.content.' || name) = 'text' ORDER BY position LIMIT ?`,
      batchSize,
    );
  }

  private addText({ position, event_id, room_id, key, origin_server_ts, text }: NewText): IndexedText {
    const words = joinWords(searchWords(text));
    const shelf = this.shelfOf(room_id, key);
    const sql = 'INSERT INTO event_texts VALUES (?, ?, ?, ?, ?)';
    this.database.run(sql, position, event_id, shelf, origin_server_ts, words);
    return { position, shelf, origin_server_ts, words };
  }

  private shelfOf(roomId: string, key: string): number {
    const sql = 'SELECT shelf FROM search_shelves WHERE room_id = ? AND key = ?';
    const known = this.database.get<{ shelf: number }>(sql, roomId, key);
    return (
      known?.shelf ?? this.database.run('INSERT INTO search_shelves (room_id, key) VALUES (?, ?)', roomId, key).lastId
    );
  }

  /** Changes the numbers of texts by the words of some. */
  private count(texts: readonly IndexedText[], change: 1 | -1): void {
    const lanes = tally(
      wordsOf(texts).map(([{ shelf }, word, occurrences]) => JSON.stringify([word, shelf, occurrences])),
    );
    for (const [lane, size] of lanes) {
      const [word, shelf, occurrences] = JSON.parse(lane) as [string, number, number];
      this.database.run(
        `INSERT INTO search_lanes VALUES (?, ?, ?, ?)
         ON CONFLICT (word, shelf, occurrences) DO UPDATE SET texts = texts + excluded.texts`,
        word,
        shelf,
        occurrences,
        change * size,
      );
      if (change < 0) {
        const gone = 'DELETE FROM search_lanes WHERE word = ? AND shelf = ? AND occurrences = ? AND texts <= 0';
        this.database.run(gone, word, shelf, occurrences);
      }
    }
  }
}

/** The word of a query that is nothing but one. */
function onlyWordOf({ phrases, anyOf }: SearchQuery): string | undefined {
  const [phrase, ...others] = phrases;
  const isOne = others.length === 0 && phrase?.length === 1 && anyOf.length === 1 && anyOf[0]?.[0]?.hasNot.length === 0;
  return isOne ? phrase[0] : undefined;
}

/** The words of texts, in the order of the index, with how often each occurs. */
function wordsOf<T extends IndexedText>(
  texts: readonly T[],
): readonly (readonly [text: T, word: string, occurrences: number])[] {
  const found = texts.flatMap((text) => {
    return [...tally(splitWords(text.words))].map(([word, occurrences]) => [text, word, occurrences] as const);
  });
  return found.sort(([, a], [, b]) => (a < b ? -1 : Number(a > b)));
}

/** How often each of some strings is there. */
function tally(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
