import type { ServerName } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database } from './database/database.js';

const keptMs = 30 * 86_400_000;

/** What was answered to transactions of other servers. */
export class FederationStore {
  private forgottenAt = 0;

  constructor(private readonly database: Database) {}

  /** The answer to a transaction that came before. */
  findTransaction(origin: ServerName, txnId: string): JsonObject | undefined {
    const row = this.database.get<{ response: string }>(
      'SELECT response FROM federation_transactions WHERE origin = ? AND txn_id = ?',
      origin,
      txnId,
    );
    return row === undefined ? undefined : parseStoredObject(row.response);
  }

  /** Keeps an answer for a month. */
  addTransaction(origin: ServerName, txnId: string, response: JsonObject, now: number): void {
    this.database.run(
      'INSERT OR REPLACE INTO federation_transactions VALUES (?, ?, ?, ?)',
      origin,
      txnId,
      JSON.stringify(response),
      now,
    );
    if (now - this.forgottenAt < 86_400_000) return;
    this.forgottenAt = now;
    this.database.run('DELETE FROM federation_transactions WHERE received_ts < ?', now - keptMs);
  }
}
