import type { UserId } from '../../matrix/ids.js';
import type { Presence, UserPresenceState } from '../../matrix/presence.js';
import { BoundedCache } from './database/bounded-cache.js';
import type { Database, Schema } from './database/database.js';

/** The table of {@link PresenceStore}. */
export const presenceSchema: Schema = {
  name: 'presence',
  versions: [
    `CREATE TABLE presence (
       user_id TEXT PRIMARY KEY,
       position INTEGER NOT NULL,
       state TEXT NOT NULL,
       last_active_ts INTEGER NOT NULL,
       last_user_sync_ts INTEGER NOT NULL,
       status_msg TEXT,
       currently_active INTEGER NOT NULL
     );
     CREATE INDEX presence_by_position ON presence (position);
     CREATE TABLE full_presence_wanted (user_id TEXT PRIMARY KEY, position INTEGER NOT NULL);`,
  ],
};

interface PresenceRow {
  readonly user_id: UserId;
  readonly state: Presence;
  readonly last_active_ts: number;
  readonly last_user_sync_ts: number;
  readonly status_msg: string | null;
  readonly currently_active: number;
}

/** Presence as others were last told of it. */
export class PresenceStore {
  /** Each message asks; null for users of whom nothing is known. */
  private readonly states = new BoundedCache<UserId, UserPresenceState | null>(1000);

  constructor(private readonly database: Database) {
    // Nobody who was online when the server stopped is any more.
    database.run("UPDATE presence SET state = 'offline', currently_active = 0 WHERE state <> 'offline'");
  }

  set(state: UserPresenceState, position: number): void {
    this.states.set(state.userId, state);
    this.database.run(
      'INSERT OR REPLACE INTO presence VALUES (?, ?, ?, ?, ?, ?, ?)',
      state.userId,
      position,
      state.state,
      state.lastActiveTs,
      state.lastUserSyncTs,
      state.statusMsg,
      state.currentlyActive ? 1 : 0,
    );
  }

  find(userId: UserId): UserPresenceState | undefined {
    let state = this.states.get(userId);
    if (state === undefined) {
      const row = this.database.get<PresenceRow>('SELECT * FROM presence WHERE user_id = ?', userId);
      state = row === undefined ? null : stateOf(row);
      this.states.set(userId, state);
    }
    return state ?? undefined;
  }

  /** Whose presence changed after a position. */
  changedSince(position: number): UserId[] {
    return this.database
      .all<{ user_id: UserId }>('SELECT user_id FROM presence WHERE position > ?', position)
      .map((row) => row.user_id);
  }

  /** Everybody of whom something is known. */
  all(): UserId[] {
    return this.database.all<{ user_id: UserId }>('SELECT user_id FROM presence').map((row) => row.user_id);
  }

  /** Notes that a user shall get the presence of everybody with the next sync. */
  wantFull(userId: UserId, position: number): void {
    this.database.run('INSERT OR REPLACE INTO full_presence_wanted VALUES (?, ?)', userId, position);
  }

  /** Whether a user whose last sync ended at this position shall get the presence of everybody. */
  isFullWanted(userId: UserId, since: number): boolean {
    const row = this.database.get<{ position: number }>(
      'SELECT position FROM full_presence_wanted WHERE user_id = ?',
      userId,
    );
    return row !== undefined && since < row.position;
  }
}

function stateOf(row: PresenceRow): UserPresenceState {
  return {
    userId: row.user_id,
    state: row.state,
    lastActiveTs: row.last_active_ts,
    lastFederationUpdateTs: 0,
    lastUserSyncTs: row.last_user_sync_ts,
    statusMsg: row.status_msg,
    currentlyActive: row.currently_active !== 0,
  };
}
