import { localpartOf, type UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

export const filterSchema: Schema = {
  name: 'filters',
  versions: [
    `CREATE TABLE user_filters (
       user_id TEXT NOT NULL,
       filter_id INTEGER NOT NULL,
       filter_json TEXT NOT NULL,
       full_user_id TEXT NOT NULL,
       PRIMARY KEY (full_user_id, filter_id)
     ) WITHOUT ROWID;`,
  ],
};

/** The filters that users stored for `/sync`. */
export class FilterStore {
  constructor(private readonly database: Database) {}

  find(userId: UserId, filterId: number): JsonObject | undefined {
    const row = this.database.get<{ filter_json: string }>(
      'SELECT filter_json FROM user_filters WHERE full_user_id = ? AND filter_id = ?',
      userId,
      filterId,
    );
    return row && parseStoredObject(row.filter_json);
  }

  /** Stores a filter unless the user has the same; answers with its ID. */
  add(userId: UserId, filter: JsonObject): number {
    const text = JSON.stringify(filter);
    return this.database.transaction(() => {
      const known = this.database.get<{ filter_id: number }>(
        'SELECT filter_id FROM user_filters WHERE full_user_id = ? AND filter_json = ?',
        userId,
        text,
      );
      if (known !== undefined) return known.filter_id;
      const last = this.database.get<{ last: number | null }>(
        'SELECT max(filter_id) AS last FROM user_filters WHERE full_user_id = ?',
        userId,
      );
      const filterId = (last?.last ?? -1) + 1;
      this.database.run('INSERT INTO user_filters VALUES (?, ?, ?, ?)', localpartOf(userId), filterId, text, userId);
      return filterId;
    });
  }
}
