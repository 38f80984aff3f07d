import type { JsonObject } from '../../../matrix/json.js';
import type { Database } from './database.js';

/** What one iteration of a background update did. */
export interface UpdateBatch {
  /** How many items it looked at. */
  readonly items: number;
  /** Where the next iteration starts, or null when the update is done. */
  readonly progress: JsonObject | null;
}

/** A background update that is still to be done, or to be gone on with. */
export interface PendingUpdate {
  readonly name: string;
  /** The update that comes before it, if any. */
  readonly dependsOn?: string;
}

/**
 * What a later version of a schema needs done to the rows of older files, too long to be waited for at start. A new file has it
 * done at once: there are no rows yet.
 */
export interface StoreUpdate extends PendingUpdate {
  /** The version of the schema that brought it: files of earlier versions owe it. */
  readonly version: number;
  /** It is done in one go, whatever time it takes. */
  readonly isOneShot: boolean;
  readonly run: (database: Database, progress: JsonObject, batchSize: number) => UpdateBatch;
}

/** An update that makes an index. */
export function indexUpdate(update: PendingUpdate & { readonly version: number }, on: string): StoreUpdate {
  const { name } = update;
  return {
    ...update,
    isOneShot: true,
    run: (database) => {
      database.run(`CREATE INDEX IF NOT EXISTS ${name} ON ${on}`);
      return { items: 1, progress: null };
    },
  };
}

/** Rows of a table that get a column computed. */
export interface Backfill {
  readonly table: string;
  /** An integer by which the rows are gone through. */
  readonly key: string;
  readonly column: string;
  /** SQL over the other columns of the row. */
  readonly value: string;
}

/**
 * An update that computes a new column of the rows that were there before it. New rows come with it, so that the last of the
 * old ones is the end.
 */
export function backfillUpdate(update: PendingUpdate & { readonly version: number }, backfill: Backfill): StoreUpdate {
  const { table, key, column, value } = backfill;
  return {
    ...update,
    isOneShot: false,
    run: (database, progress, batchSize) => {
      const after = numberAt(progress, 'after') ?? Number.MIN_SAFE_INTEGER;
      const end = numberAt(progress, 'end') ?? lastOf(database, backfill);
      const batch = database.get<{ last: number | null; items: number }>(
        `SELECT max(key) AS last, count(*) AS items FROM
         (SELECT ${key} AS key FROM ${table} WHERE ${key} > ? AND ${key} <= ? ORDER BY ${key} LIMIT ?)`,
        after,
        end,
        batchSize,
      );
      const last = batch?.last ?? end;
      database.run(`UPDATE ${table} SET ${column} = ${value} WHERE ${key} > ? AND ${key} <= ?`, after, last);
      return { items: batch?.items ?? 0, progress: last >= end ? null : { after: last, end } };
    },
  };
}

function numberAt(progress: JsonObject, name: string): number | undefined {
  const value = progress[name];
  return typeof value === 'number' ? value : undefined;
}

function lastOf(database: Database, { table, key }: Backfill): number {
  const row = database.get<{ last: number | null }>(`SELECT max(${key}) AS last FROM ${table}`);
  return row?.last ?? Number.MIN_SAFE_INTEGER;
}
