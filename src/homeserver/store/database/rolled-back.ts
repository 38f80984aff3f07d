import type { DatabaseSync } from './sqlite.js';

/** Whether a transaction is open on a connection: SQLite itself rolls back after some errors (https://sqlite.org/lang_transaction.html). */
export function isInTransaction(connection: DatabaseSync): boolean {
  // Node tells since 22.16.
  if ('isTransaction' in connection) return connection.isTransaction;
  return beginFails(connection);
}

/** Ends a transaction without its changes, be it that SQLite has done so already. */
export function rollBack(connection: DatabaseSync): void {
  if (isInTransaction(connection)) connection.exec('ROLLBACK');
}

/** Inside of a transaction, another cannot begin. */
function beginFails(connection: DatabaseSync): boolean {
  try {
    connection.exec('BEGIN');
  } catch {
    return true;
  }
  connection.exec('ROLLBACK');
  return false;
}
