import type { SQLInputValue } from 'node:sqlite';
import { isInTransaction, rollBack } from './rolled-back.js';
import type { DatabaseSync } from './sqlite.js';

interface Written {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Who hears of an open transaction. */
export interface OpenTransactionReports {
  /** The connection is free again. */
  readonly onEnd: () => void;
  /** Writes of the homeserver, which were answered already, could not be kept. */
  readonly onLost: (error: AggregateError) => void;
}

/**
 * A transaction that stays open over turns of the event loop. The homeserver never waits for it: what it writes meanwhile
 * goes into the same transaction, is kept in a list, and is written again when the transaction is rolled back, by whomever:
 * SQLite itself does it where a disk is full or fails (https://sqlite.org/lang_transaction.html).
 */
export class OpenTransaction {
  private readonly written: Written[] = [];
  private hasEnded = false;

  constructor(
    private readonly connection: DatabaseSync,
    private readonly reports: OpenTransactionReports,
  ) {
    connection.exec('BEGIN IMMEDIATE');
  }

  /** Whether it was committed or rolled back. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Remembers a statement of the homeserver that may have written something. */
  note(sql: string, values: readonly SQLInputValue[]): void {
    if (!onlyReads.test(sql)) this.written.push({ sql, values });
  }

  /** Runs a transaction of the homeserver inside this one. */
  nest<T>(work: () => T): T {
    const count = this.written.length;
    try {
      this.connection.exec('SAVEPOINT homeserver');
      const result = work();
      this.connection.exec('RELEASE homeserver');
      return result;
    } catch (error) {
      // First of all: what follows may write the list again.
      this.written.length = count;
      this.undoNested();
      throw error;
    }
  }

  /** Makes everything true, or throws after a {@link rollback}: a constraint may be checked only now, or the disk be full. */
  commit(): void {
    try {
      this.connection.exec('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.end();
  }

  /** Undoes all but what the homeserver wrote. */
  rollback(): void {
    if (this.hasEnded) return;
    try {
      rollBack(this.connection);
    } finally {
      this.keepWritten();
    }
  }

  /**
   * Whether the last error has rolled everything back, as `INSERT OR ROLLBACK` and a full disk do
   * (https://sqlite.org/lang_conflict.html). What the homeserver wrote is there again then.
   */
  wasRolledBack(): boolean {
    if (this.hasEnded) return true;
    if (isInTransaction(this.connection)) return false;
    this.keepWritten();
    return true;
  }

  /** Undoes a transaction of the homeserver: all of them, when SQLite has done so already or cannot undo this one alone. */
  private undoNested(): void {
    try {
      this.connection.exec('ROLLBACK TO homeserver; RELEASE homeserver');
    } catch {
      this.rollback();
    }
  }

  private end(): void {
    this.hasEnded = true;
    this.reports.onEnd();
  }

  private keepWritten(): void {
    this.end();
    const errors = this.written.length === 0 ? [] : this.writeAgain();
    if (errors.length > 0) this.reports.onLost(new AggregateError(errors, lost));
  }

  /** A statement that fails stood on what was rolled back; the others are kept all the same. */
  private writeAgain(): readonly unknown[] {
    try {
      this.connection.exec('BEGIN IMMEDIATE');
      const errors = this.writeEach(() => {
        if (!isInTransaction(this.connection)) throw new Error('The statements do not fit together');
      });
      this.connection.exec('COMMIT');
      return errors;
    } catch {
      // No transaction has room for all of them: each that still has is kept.
      rollBack(this.connection);
      return this.writeEach(() => undefined);
    }
  }

  private writeEach(onError: () => void): readonly unknown[] {
    const errors: unknown[] = [];
    for (const { sql, values } of this.written) {
      try {
        this.connection.prepare(sql).all(...values);
      } catch (error) {
        onError();
        errors.push(error);
      }
    }
    return errors;
  }
}

const lost = 'What the homeserver wrote during a transaction that was rolled back is lost in part';

const onlyReads = /^\s*(?:SELECT|WITH|VALUES|PRAGMA)\b/i;
