import type { Database, Schema } from './database.js';

/** The table of {@link Stream}. */
export const streamSchema: Schema = {
  name: 'stream',
  versions: ['CREATE TABLE stream (reserved INTEGER NOT NULL); INSERT INTO stream VALUES (0)'],
};

/** Numbers are reserved in the database in advance, so many at a time. */
const RESERVE = 1000;

/**
 * The one stream of the embedded homeserver: every change that `/sync` may show (event, account data, receipt, typing, ...)
 * takes the next number, so one number says what a client has seen. No number is ever used twice, also after a crash and
 * for changes that are not stored or were deleted: a start goes on behind the last number that can have been used.
 */
export class Stream {
  private last: number;
  private reserved: number;

  constructor(private readonly database: Database) {
    this.reserved = database.get<{ reserved: number }>('SELECT reserved FROM stream')?.reserved ?? 0;
    this.last = this.reserved;
  }

  /** The number of the newest change. */
  get position(): number {
    return this.last;
  }

  /** The number for a change about to be stored. */
  next(): number {
    if (this.last === this.reserved) {
      this.reserved += RESERVE;
      this.reserve();
      // Once more behind the transaction that this may be part of: it may be rolled back.
      queueMicrotask(this.reserve);
    }
    return ++this.last;
  }

  private readonly reserve = (): void => {
    if (this.database.isOpen) this.database.run('UPDATE stream SET reserved = ?', this.reserved);
  };
}
