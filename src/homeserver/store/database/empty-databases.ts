import { DatabaseSync } from './sqlite.js';

/** Node 22 cannot turn a database into bytes. */
const canCopy = 'deserialize' in DatabaseSync.prototype;

/**
 * Databases in memory with all their tables, as bytes: making the tables takes ten times longer than copying them, and tests open
 * many homeservers in one process. One homeserver alone leaves no copy behind.
 */
class EmptyDatabases {
  private readonly opened = new WeakSet();
  private readonly copies = new WeakMap<object, Uint8Array>();

  /** Fills a new connection with the tables of a schema; false when there is no copy of them. */
  fill(connection: DatabaseSync, schema: object): boolean {
    const copy = this.copies.get(schema);
    if (copy === undefined) return false;
    connection.deserialize(copy);
    return true;
  }

  /** A connection has just got its tables: the second time they are copied. */
  keep(connection: DatabaseSync, schema: object): void {
    if (canCopy && this.opened.has(schema)) this.copies.set(schema, connection.serialize());
    this.opened.add(schema);
  }
}

export const emptyDatabases: EmptyDatabases = new EmptyDatabases();
