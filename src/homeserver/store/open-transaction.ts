import type { SQLInputValue } from 'node:sqlite';
import type { DatabaseSync } from './sqlite.js';

interface Written {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/**
 * A transaction that stays open over turns of the event loop. The homeserver never waits for it: what it writes meanwhile
 * goes into the same transaction, is kept in a list, and is written again when the transaction is rolled back.
 */
export class OpenTransaction {
  private readonly written: Written[] = [];

  constructor(
    private readonly connection: DatabaseSync,
    /** Called when the connection is free again. */
    private readonly onEnd: () => void,
  ) {
    connection.exec('BEGIN IMMEDIATE');
  }

  /** Remembers a statement of the homeserver that may have written something. */
  note(sql: string, values: readonly SQLInputValue[]): void {
    if (!onlyReads.test(sql)) this.written.push({ sql, values });
  }

  /** Runs a transaction of the homeserver inside this one. */
  nest<T>(work: () => T): T {
    const count = this.written.length;
    this.connection.exec('SAVEPOINT homeserver');
    try {
      const result = work();
      this.connection.exec('RELEASE homeserver');
      return result;
    } catch (error) {
      this.connection.exec('ROLLBACK TO homeserver; RELEASE homeserver');
      this.written.length = count;
      throw error;
    }
  }

  /** Makes everything true, or throws after a {@link rollback}: a constraint may be checked only now. */
  commit(): void {
    try {
      this.connection.exec('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.onEnd();
  }

  /** Undoes all but what the homeserver wrote. */
  rollback(): void {
    this.connection.exec('ROLLBACK');
    this.keepWritten();
  }

  /**
   * Whether the last error has rolled everything back, as `INSERT OR ROLLBACK` and a full disk do
   * (https://sqlite.org/lang_conflict.html). What the homeserver wrote is there again then.
   */
  wasRolledBack(): boolean {
    try {
      // Node 22.13 does not tell whether a transaction is open. Inside of one, another cannot begin.
      this.connection.exec('BEGIN');
    } catch {
      return false;
    }
    this.connection.exec('ROLLBACK');
    this.keepWritten();
    return true;
  }

  private keepWritten(): void {
    try {
      if (this.written.length > 0) this.writeAgain();
    } finally {
      this.onEnd();
    }
  }

  /** A statement that fails stood on what was rolled back; the others are kept all the same. */
  private writeAgain(): void {
    const errors: unknown[] = [];
    this.connection.exec('BEGIN IMMEDIATE');
    for (const { sql, values } of this.written) {
      try {
        this.connection.prepare(sql).all(...values);
      } catch (error) {
        errors.push(error);
      }
    }
    this.connection.exec('COMMIT');
    if (errors.length > 0) throw new AggregateError(errors, 'What stood on a transaction that was rolled back is lost');
  }
}

const onlyReads = /^\s*(?:SELECT|WITH|VALUES|PRAGMA)\b/i;
