import type { RoomId, UserId } from '../../matrix/ids.js';
import type { Database, Schema, Values } from './database/database.js';
import { type LocalMedia, mediaOf, type MediaRow } from './media-store.js';

/** The changes of {@link MediaModerationStore}. */
export const mediaModerationSchema: Schema = {
  name: 'media_moderation',
  versions: [
    `CREATE TABLE quarantined_media_changes (
       stream_id INTEGER PRIMARY KEY AUTOINCREMENT,
       media_id TEXT NOT NULL,
       quarantined INTEGER NOT NULL
     );
     CREATE INDEX local_media_by_hash ON local_media (sha256);`,
  ],
};

/** Columns that lists of media may be ordered by. */
export const mediaOrders = [
  'media_id',
  'upload_name',
  'created_ts',
  'last_access_ts',
  'media_length',
  'media_type',
  'quarantined_by',
  'safe_from_quarantine',
] as const;

/** Which part of a list of media is wanted. */
export interface MediaPage {
  readonly from: number;
  readonly limit: number;
  readonly orderBy: (typeof mediaOrders)[number];
  readonly direction: 'f' | 'b';
}

/** Media that went into quarantine or came out of it. */
export interface QuarantineChange {
  readonly stream_id: number;
  readonly media_id: string;
  readonly quarantined: number;
}

/** Which media are old and large enough to go. */
export interface OldMedia {
  readonly beforeTs: number;
  readonly sizeGt: number;
  /** Avatars of users and rooms stay. */
  readonly keepProfiles: boolean;
  /** What their URLs begin with. */
  readonly prefix: string;
}

/** What administrators do with uploaded media. */
export class MediaModerationStore {
  constructor(private readonly database: Database) {}

  countOf(userId: UserId): number {
    const sql = 'SELECT count(*) AS count FROM local_media WHERE user_id = ?';
    return this.database.get<{ count: number }>(sql, userId)?.count ?? 0;
  }

  listOf(userId: UserId, { from, limit, orderBy, direction }: MediaPage): readonly LocalMedia[] {
    const sql = `SELECT * FROM local_media WHERE user_id = ?
      ORDER BY ${orderBy} ${direction === 'b' ? 'DESC' : 'ASC'}, media_id ASC LIMIT ? OFFSET ?`;
    return this.database.all<MediaRow>(sql, userId, limit, from).map(mediaOf);
  }

  /** The media of a user that are not in quarantine. */
  freeOf(userId: UserId): readonly string[] {
    return this.ids('SELECT media_id FROM local_media WHERE user_id = ? AND quarantined_by IS NULL', userId);
  }

  /** What the events of a room name, newest event first: the file and its thumbnail. */
  urlsIn(roomId: RoomId): readonly string[] {
    const rows = this.database.all<{ url: string; thumbnail: string | null }>(
      `SELECT json_extract(json, '$.content.url') AS url,
         CASE json_type(json, '$.content.info.thumbnail_url') WHEN 'text'
           THEN json_extract(json, '$.content.info.thumbnail_url') END AS thumbnail
       FROM events WHERE room_id = ? AND is_hidden = 0 AND json_type(json, '$.content.url') = 'text'
       ORDER BY position DESC`,
      roomId,
    );
    return rows.flatMap(({ url, thumbnail }) => (thumbnail === null ? [url] : [url, thumbnail]));
  }

  /**
   * Puts media into quarantine, or with null takes them out, together with all that have the same content; how many. What
   * is protected does not go in.
   */
  quarantine(mediaIds: readonly string[], by: UserId | null): number {
    return this.database.transaction(() => {
      const affected = this.ids(
        `UPDATE local_media SET quarantined_by = :by
         WHERE (media_id IN (SELECT value FROM json_each(:ids)) OR sha256 IN (
             SELECT sha256 FROM local_media WHERE media_id IN (SELECT value FROM json_each(:ids))
           )) AND (:by IS NULL OR safe_from_quarantine = 0)
         RETURNING media_id`,
        { by, ids: JSON.stringify(mediaIds) },
      );
      for (const mediaId of affected) {
        const sql = 'INSERT INTO quarantined_media_changes (media_id, quarantined) VALUES (?, ?)';
        this.database.run(sql, mediaId, Number(by !== null));
      }
      return affected.length;
    });
  }

  /** What went in and came out after a number. */
  changesAfter(streamId: number, limit: number): readonly QuarantineChange[] {
    return this.database.all<QuarantineChange>(
      'SELECT * FROM quarantined_media_changes WHERE stream_id > ? ORDER BY stream_id LIMIT ?',
      streamId,
      limit,
    );
  }

  lastChange(): number {
    const sql = 'SELECT max(stream_id) AS last FROM quarantined_media_changes';
    return this.database.get<{ last: number | null }>(sql)?.last ?? 0;
  }

  /** Protects media from quarantine, or not any more; false when there are none of this ID. */
  setSafe(mediaId: string, isSafe: boolean): boolean {
    const sql = 'UPDATE local_media SET safe_from_quarantine = ? WHERE media_id = ?';
    return this.database.run(sql, Number(isSafe), mediaId).changes > 0;
  }

  /** What nobody looked at since a time, neither quarantined nor protected. */
  old({ beforeTs, sizeGt, keepProfiles, prefix }: OldMedia): readonly string[] {
    const kept = `AND NOT EXISTS (SELECT 1 FROM profiles WHERE avatar_url = ? || media_id)
      AND NOT EXISTS (SELECT 1 FROM events WHERE
        (type = 'm.room.member' AND json_extract(json, '$.content.avatar_url') = ? || media_id)
        OR (type = 'm.room.avatar' AND json_extract(json, '$.content.url') = ? || media_id))`;
    return this.ids(
      `SELECT media_id FROM local_media WHERE coalesce(last_access_ts, created_ts) < ? AND media_length > ?
       AND quarantined_by IS NULL AND safe_from_quarantine = 0 ${keepProfiles ? kept : ''}`,
      beforeTs,
      sizeGt,
      ...(keepProfiles ? [prefix, prefix, prefix] : []),
    );
  }

  delete(mediaId: string): void {
    this.database.transaction(() => {
      this.database.run('DELETE FROM local_media WHERE media_id = ?', mediaId);
      this.database.run('DELETE FROM local_media_thumbnails WHERE media_id = ?', mediaId);
    });
  }

  private ids(sql: string, ...values: Values): readonly string[] {
    return this.database.all<{ media_id: string }>(sql, ...values).map((row) => row.media_id);
  }
}
