import type { EventId, RoomId, UserId } from '../../matrix/ids.js';
import type { Database, Row, Schema } from './database/database.js';

export const reportSchema: Schema = {
  name: 'reports',
  versions: [
    `CREATE TABLE event_reports (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       received_ts INTEGER NOT NULL,
       room_id TEXT NOT NULL,
       event_id TEXT NOT NULL,
       sender TEXT NOT NULL,
       user_id TEXT NOT NULL,
       content TEXT NOT NULL
     );
     CREATE TABLE room_reports (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       received_ts INTEGER NOT NULL,
       room_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       reason TEXT NOT NULL
     );
     CREATE TABLE user_reports (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       received_ts INTEGER NOT NULL,
       target_user_id TEXT NOT NULL,
       user_id TEXT NOT NULL,
       reason TEXT NOT NULL
     );`,
  ],
};

/** Somebody reported an event. */
export interface EventReport {
  readonly id: number;
  readonly received_ts: number;
  readonly room_id: RoomId;
  readonly event_id: EventId;
  /** Who sent the event. */
  readonly sender: UserId;
  /** Who reported it. */
  readonly user_id: UserId;
  /** JSON of the whole request. */
  readonly content: string;
}

/** Somebody reported a user. */
export interface UserReport {
  readonly id: number;
  readonly received_ts: number;
  readonly target_user_id: UserId;
  readonly user_id: UserId;
  readonly reason: string;
}

/** Which reports are wanted; texts that are absent or empty leave nothing out. */
export interface ReportQuery {
  readonly start: number;
  readonly limit: number;
  readonly isNewestFirst: boolean;
  /** Part of the ID of whoever reported. */
  readonly userId?: string | undefined;
  /** Part of the room's ID, of events. */
  readonly roomId?: string | undefined;
  /** Who sent the event. */
  readonly sender?: string | undefined;
  /** Part of the ID of the user who was reported. */
  readonly targetUserId?: string | undefined;
}

/** A page of reports. */
export interface ReportPage<T> {
  readonly reports: readonly T[];
  readonly total: number;
}

/** What users reported. */
export class ReportStore {
  constructor(private readonly database: Database) {}

  addEvent(report: Omit<EventReport, 'id'>): void {
    this.database.run(
      'INSERT INTO event_reports (received_ts, room_id, event_id, sender, user_id, content) VALUES (?, ?, ?, ?, ?, ?)',
      report.received_ts,
      report.room_id,
      report.event_id,
      report.sender,
      report.user_id,
      report.content,
    );
  }

  addRoom(report: {
    readonly received_ts: number;
    readonly room_id: RoomId;
    readonly user_id: UserId;
    readonly reason: string;
  }): void {
    this.database.run(
      'INSERT INTO room_reports (received_ts, room_id, user_id, reason) VALUES (?, ?, ?, ?)',
      report.received_ts,
      report.room_id,
      report.user_id,
      report.reason,
    );
  }

  addUser(report: Omit<UserReport, 'id'>): void {
    this.database.run(
      'INSERT INTO user_reports (received_ts, target_user_id, user_id, reason) VALUES (?, ?, ?, ?)',
      report.received_ts,
      report.target_user_id,
      report.user_id,
      report.reason,
    );
  }

  findEvent(id: number): EventReport | undefined {
    return this.database.get<EventReport>('SELECT * FROM event_reports WHERE id = ?', id);
  }

  findUser(id: number): UserReport | undefined {
    return this.database.get<UserReport>('SELECT * FROM user_reports WHERE id = ?', id);
  }

  /** Reports of events in rooms that still exist. */
  events(query: ReportQuery): ReportPage<EventReport> {
    const from = `FROM event_reports WHERE (:user = '' OR instr(user_id, :user)) AND (:room = '' OR instr(room_id, :room)) AND (:sender = '' OR sender = :sender)
      AND room_id IN (SELECT room_id FROM rooms)`;
    const { userId: user = '', roomId: room = '', sender = '', limit, start } = query;
    const values = { user, room, sender };
    const reports = this.database.all<EventReport>(
      `SELECT * ${from} ORDER BY ${orderOf(query)} LIMIT :limit OFFSET :start`,
      { ...values, limit, start },
    );
    return { reports, total: this.count(from, values) };
  }

  users(query: ReportQuery): ReportPage<UserReport> {
    const from = `FROM user_reports WHERE (:user = '' OR instr(user_id, :user)) AND (:target = '' OR instr(target_user_id, :target))`;
    const { userId: user = '', targetUserId: target = '', limit, start } = query;
    const values = { user, target };
    const reports = this.database.all<UserReport>(
      `SELECT * ${from} ORDER BY ${orderOf(query)} LIMIT :limit OFFSET :start`,
      { ...values, limit, start },
    );
    return { reports, total: this.count(from, values) };
  }

  /** Whether there was such a report. */
  delete(table: 'event_reports' | 'user_reports', id: number): boolean {
    return this.database.run(`DELETE FROM ${table} WHERE id = ?`, id).changes > 0;
  }

  private count(from: string, values: Row): number {
    return this.database.get<{ total: number }>(`SELECT count(*) AS total ${from}`, values)?.total ?? 0;
  }
}

function orderOf({ isNewestFirst }: ReportQuery): string {
  return isNewestFirst ? 'received_ts DESC, id DESC' : 'received_ts ASC, id ASC';
}
