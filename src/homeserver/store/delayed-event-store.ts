import type { RoomId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { parseStoredObject } from '../../matrix/stored-json.js';
import type { Database, Schema } from './database/database.js';

export const delayedEventSchema: Schema = {
  name: 'delayed_events',
  versions: [
    `CREATE TABLE delayed_events (
       delay_id TEXT NOT NULL PRIMARY KEY,
       user_localpart TEXT NOT NULL,
       device_id TEXT,
       delay BIGINT NOT NULL,
       send_ts BIGINT NOT NULL,
       room_id TEXT NOT NULL,
       event_type TEXT NOT NULL,
       state_key TEXT,
       origin_server_ts BIGINT,
       content TEXT NOT NULL,
       is_processed BOOLEAN NOT NULL DEFAULT FALSE
     ) WITHOUT ROWID;
     CREATE INDEX delayed_events_send_ts ON delayed_events (send_ts);
     CREATE INDEX delayed_events_user ON delayed_events (user_localpart, send_ts);`,
  ],
};

/** An event that is sent later unless something keeps it from being sent. */
export interface DelayedEvent {
  readonly delayId: string;
  readonly localpart: string;
  readonly deviceId: string | null;
  /** Milliseconds. */
  readonly delay: number;
  readonly sendTs: number;
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string | null;
  readonly originServerTs: number | null;
  readonly content: JsonObject;
}

type DelayedEventRow = Omit<DelayedEvent, 'content'> & { readonly content: string };

const columns = `delay_id AS delayId, user_localpart AS localpart, device_id AS deviceId, delay, send_ts AS sendTs,
  room_id AS roomId, event_type AS type, state_key AS stateKey, origin_server_ts AS originServerTs, content`;

/** The events that are to be sent later. Those being sent are marked, and no longer there for users. */
export class DelayedEventStore {
  constructor(private readonly database: Database) {}

  add(event: DelayedEvent): void {
    this.database.run(
      'INSERT INTO delayed_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, FALSE)',
      event.delayId,
      event.localpart,
      event.deviceId,
      event.delay,
      event.sendTs,
      event.roomId,
      event.type,
      event.stateKey,
      event.originServerTs,
      JSON.stringify(event.content),
    );
  }

  find(delayId: string): DelayedEvent | undefined {
    const row = this.database.get<DelayedEventRow>(
      `SELECT ${columns} FROM delayed_events WHERE delay_id = ? AND NOT is_processed`,
      delayId,
    );
    return row && parseRow(row);
  }

  /** A user's events, the next one first. */
  ofUser(localpart: string): readonly DelayedEvent[] {
    return this.select('user_localpart = ? AND NOT is_processed', localpart);
  }

  /** When each of a user's events is sent, in order, with those being sent. */
  timesOf(localpart: string): readonly number[] {
    const sql = 'SELECT send_ts AS sendTs FROM delayed_events WHERE user_localpart = ? ORDER BY send_ts';
    return this.database.all<{ sendTs: number }>(sql, localpart).map((row) => row.sendTs);
  }

  nextTime(): number | undefined {
    const sql = 'SELECT min(send_ts) AS sendTs FROM delayed_events WHERE NOT is_processed';
    return this.database.get<{ sendTs: number | null }>(sql)?.sendTs ?? undefined;
  }

  restart(delayId: string, now: number): void {
    this.database.run('UPDATE delayed_events SET send_ts = ? + delay WHERE delay_id = ?', now, delayId);
  }

  /** Marks the events whose time has come as being sent. */
  takeDue(now: number): readonly DelayedEvent[] {
    return this.database.transaction(() => {
      const due = this.select('send_ts <= ? AND NOT is_processed', now);
      for (const { delayId } of due) this.take(delayId);
      return due;
    });
  }

  take(delayId: string): void {
    this.database.run('UPDATE delayed_events SET is_processed = TRUE WHERE delay_id = ?', delayId);
  }

  /** Those being sent when the last run ended may not have been sent: they wait again. */
  untakeAll(): void {
    this.database.run('UPDATE delayed_events SET is_processed = FALSE WHERE is_processed');
  }

  delete(delayId: string): void {
    this.database.run('DELETE FROM delayed_events WHERE delay_id = ?', delayId);
  }

  deleteOfUser(localpart: string): void {
    this.database.run('DELETE FROM delayed_events WHERE user_localpart = ? AND NOT is_processed', localpart);
  }

  /** Deletes what would overwrite state that somebody other than `localpart` set. */
  deleteOfState(roomId: RoomId, type: string, stateKey: string, localpart: string): void {
    this.database.run(
      `DELETE FROM delayed_events
       WHERE room_id = ? AND event_type = ? AND state_key = ? AND user_localpart <> ? AND NOT is_processed`,
      roomId,
      type,
      stateKey,
      localpart,
    );
  }

  private select(where: string, value: string | number): readonly DelayedEvent[] {
    const sql = `SELECT ${columns} FROM delayed_events WHERE ${where} ORDER BY send_ts`;
    return this.database.all<DelayedEventRow>(sql, value).map(parseRow);
  }
}

function parseRow(row: DelayedEventRow): DelayedEvent {
  return { ...row, content: parseStoredObject(row.content) };
}
