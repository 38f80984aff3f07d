import { DatabaseSync } from 'node:sqlite';

/** Makes a homeserver's file what the first release would have written: without what came later, owing nothing. */
export function makeOlder(file: string): void {
  using database = new DatabaseSync(file);
  database.exec(`
    DROP INDEX events_jump_to_date_index;
    ALTER TABLE events DROP COLUMN contains_url;
    UPDATE schema_versions SET version = 2 WHERE name = 'rooms';
    DELETE FROM background_updates;
  `);
}

/** How far the updates of the table of events got, read from a file that no homeserver has open. */
export function stateOfEvents(file: string): {
  readonly owed: readonly string[];
  readonly hasIndex: boolean;
  readonly missing: number;
  readonly withUrl: number;
} {
  using database = new DatabaseSync(file, { readOnly: true });
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
