import { type RateLimit } from '../../config/homeserver-sections.js';
import { type UserId } from '../../matrix/ids.js';
import { type Database, type Schema } from './database.js';

/** The table of {@link RateLimitOverrideStore}. */
export const rateLimitOverrideSchema: Schema = {
  name: 'rate_limit_overrides',
  versions: [
    'CREATE TABLE rate_limit_overrides (user_id TEXT PRIMARY KEY, per_second REAL NOT NULL, burst_count INTEGER NOT NULL)',
  ],
};

/** The rate limits that admins gave to single users. Few, and looked at for every request: kept in memory as well. */
export class RateLimitOverrideStore {
  private readonly overrides = new Map<UserId, RateLimit>();

  constructor(private readonly database: Database) {
    const rows = database.all<{ user_id: UserId; per_second: number; burst_count: number }>(
      'SELECT * FROM rate_limit_overrides',
    );
    for (const row of rows) {
      this.overrides.set(row.user_id, { perSecond: row.per_second, burstCount: row.burst_count });
    }
  }

  overrideOf(userId: UserId): RateLimit | undefined {
    return this.overrides.get(userId);
  }

  set(userId: UserId, limit: RateLimit): void {
    this.database.run(
      'INSERT OR REPLACE INTO rate_limit_overrides VALUES (?, ?, ?)',
      userId,
      limit.perSecond,
      limit.burstCount,
    );
    this.overrides.set(userId, limit);
  }

  delete(userId: UserId): void {
    this.database.run('DELETE FROM rate_limit_overrides WHERE user_id = ?', userId);
    this.overrides.delete(userId);
  }
}
