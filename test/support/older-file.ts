import { SqliteFile } from './sqlite-file.js';

/** Makes a homeserver's file what the first release would have written: without what came later, owing nothing. */
export function makeOlder(file: string): void {
  using database = new SqliteFile(file);
  database.exec(`
    DROP INDEX events_jump_to_date_index;
    DROP INDEX events_type_index;
    DROP INDEX events_sender_index;
    DROP INDEX events_url_index;
    DROP INDEX events_depth_index;
    ALTER TABLE events DROP COLUMN depth;
    ALTER TABLE events DROP COLUMN contains_url;
    UPDATE schema_versions SET version = 2 WHERE name = 'rooms';
    DELETE FROM background_updates;
  `);
}

/** Makes a homeserver's file what a release between would have left, closed before it had made its indexes. */
export function makeOlderOwing(file: string): void {
  makeOlder(file);
  using database = new SqliteFile(file);
  database.exec(`
    ALTER TABLE events ADD COLUMN contains_url INTEGER;
    UPDATE schema_versions SET version = 4 WHERE name = 'rooms';
    INSERT INTO background_updates (update_name, progress_json) VALUES ('events_contains_url', '{}');
    INSERT INTO background_updates (update_name, progress_json) VALUES ('events_type_index', '{}');
    INSERT INTO background_updates (update_name, progress_json) VALUES ('events_jump_to_date_index', '{}');
  `);
}

/** Makes the search of a homeserver's file what the first release would have written, in a Node that can. */
export function makeOlderSearch(file: string): void {
  using database = new SqliteFile(file);
  database.exec(`
    DROP TABLE event_texts;
    DROP TABLE event_words;
    DROP TABLE search_lanes;
    DROP TABLE search_shelves;
    UPDATE event_search_position SET position = (SELECT max(position) FROM events);
    UPDATE schema_versions SET version = 1 WHERE name = 'search';
  `);
  try {
    database.exec('CREATE VIRTUAL TABLE event_search USING fts4 (event_id, room_id, key, value, tokenize=porter)');
  } catch (error) {
    if (!String(error).includes('no such module')) throw error;
  }
}

/** The tables of a file that no homeserver has open. */
export function tablesOf(file: string): readonly string[] {
  using database = new SqliteFile(file, { readOnly: true });
  const rows = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all();
  return rows.map((row) => String(row['name']));
}

/** How far the updates of the table of events got, read from a file that no homeserver has open. */
export function stateOfEvents(file: string): {
  readonly owed: readonly string[];
  readonly hasIndex: boolean;
  readonly missing: number;
  readonly withUrl: number;
} {
  using database = new SqliteFile(file, { readOnly: true });
  const count = (sql: string): number => Number(database.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.['n']);
  return {
    owed: database
      .prepare('SELECT update_name FROM background_updates ORDER BY update_name')
      .all()
      .map((row) => String(row['update_name'])),
    hasIndex: count("sqlite_master WHERE name = 'events_jump_to_date_index'") === 1,
    missing: count('events WHERE contains_url IS NULL'),
    withUrl: count('events WHERE contains_url = 1'),
  };
}
