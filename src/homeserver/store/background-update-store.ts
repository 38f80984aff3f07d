import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';
import type { PendingUpdate } from './database/store-update.js';

export const backgroundUpdateSchema: Schema = {
  name: 'background_updates',
  versions: [
    `CREATE TABLE background_updates (
       update_name TEXT PRIMARY KEY,
       progress_json TEXT NOT NULL,
       depends_on TEXT,
       ordering INTEGER NOT NULL DEFAULT 0
     );`,
  ],
};

/** The background updates that are not done yet. */
export class BackgroundUpdateStore {
  constructor(private readonly database: Database) {}

  /** Adds updates, all or none: false when one of them waits already. */
  add(updates: readonly PendingUpdate[]): boolean {
    return this.database.transaction(() => {
      if (updates.some(({ name }) => this.progressOf(name) !== undefined)) return false;
      for (const { name, dependsOn } of updates) {
        this.database.run(
          "INSERT INTO background_updates (update_name, progress_json, depends_on) VALUES (?, '{}', ?)",
          name,
          dependsOn ?? null,
        );
      }
      return true;
    });
  }

  /** The next update whose turn it is. */
  next(): string | undefined {
    return this.database.get<{ update_name: string }>(
      `SELECT update_name FROM background_updates AS waiting
       WHERE depends_on IS NULL OR NOT EXISTS (SELECT 1 FROM background_updates WHERE update_name = waiting.depends_on)
       ORDER BY ordering, update_name LIMIT 1`,
    )?.update_name;
  }

  /** How far an update got, undefined when it is done or was never asked for. */
  progressOf(name: string): JsonObject | undefined {
    const row = this.database.get<{ progress_json: string }>(
      'SELECT progress_json FROM background_updates WHERE update_name = ?',
      name,
    );
    return row && parseStoredObject(row.progress_json);
  }

  /** Stores how far an update got. */
  setProgress(name: string, progress: JsonObject): void {
    this.database.run(
      'UPDATE background_updates SET progress_json = ? WHERE update_name = ?',
      JSON.stringify(progress),
      name,
    );
  }

  /** Takes out an update that is done. */
  finish(name: string): void {
    this.database.run('DELETE FROM background_updates WHERE update_name = ?', name);
  }
}
