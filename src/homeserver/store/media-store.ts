import type { UserId } from '../../matrix/ids.js';
import type { Database, Schema } from './database/database.js';

/** The tables of {@link MediaStore}. */
export const mediaSchema: Schema = {
  name: 'media',
  versions: [
    `CREATE TABLE local_media (
       media_id TEXT PRIMARY KEY,
       user_id TEXT NOT NULL,
       created_ts INTEGER NOT NULL,
       media_type TEXT,
       media_length INTEGER,
       upload_name TEXT,
       sha256 TEXT,
       last_access_ts INTEGER,
       quarantined_by TEXT,
       safe_from_quarantine INTEGER NOT NULL DEFAULT 0,
       is_authenticated INTEGER NOT NULL DEFAULT 1
     );
     CREATE INDEX local_media_by_user ON local_media (user_id, created_ts);
     CREATE TABLE local_media_thumbnails (
       media_id TEXT NOT NULL,
       width INTEGER NOT NULL,
       height INTEGER NOT NULL,
       type TEXT NOT NULL,
       method TEXT NOT NULL,
       length INTEGER NOT NULL,
       PRIMARY KEY (media_id, width, height, type, method)
     );`,
  ],
};

/** A row of local media; without content until something was uploaded. */
export interface LocalMedia {
  readonly mediaId: string;
  readonly userId: UserId;
  readonly createdTs: number;
  readonly mediaType: string | null;
  /** Bytes; null when nothing was uploaded yet. */
  readonly mediaLength: number | null;
  readonly uploadName: string | null;
  readonly quarantinedBy: string | null;
  /** It cannot be put into quarantine. */
  readonly isSafe: boolean;
  readonly isAuthenticated: boolean;
  readonly lastAccessTs: number | null;
  readonly sha256: string | null;
}

/** The content of local media. */
export interface MediaContent {
  readonly mediaType: string;
  readonly mediaLength: number;
  readonly uploadName: string | null;
  readonly sha256: string;
  /** Who put it into quarantine at once. */
  readonly quarantinedBy: string | null;
}

/** A thumbnail that was made. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly type: string;
  readonly method: 'crop' | 'scale';
  readonly length: number;
}

/** A row as it is stored. */
export interface MediaRow {
  readonly media_id: string;
  readonly user_id: UserId;
  readonly created_ts: number;
  readonly media_type: string | null;
  readonly media_length: number | null;
  readonly upload_name: string | null;
  readonly quarantined_by: string | null;
  readonly safe_from_quarantine: number;
  readonly is_authenticated: number;
  readonly last_access_ts: number | null;
  readonly sha256: string | null;
}

/** What is known of uploaded files; the files themselves lie on disk. */
export class MediaStore {
  constructor(private readonly database: Database) {}

  /** A media ID that something can be uploaded to later. */
  addPending(mediaId: string, userId: UserId, now: number): void {
    this.database.run('INSERT INTO local_media (media_id, user_id, created_ts) VALUES (?, ?, ?)', mediaId, userId, now);
  }

  /** How many IDs of a user still wait for an upload, and when the first of them was made. */
  pendingOf(userId: UserId, createdAfter: number): { readonly count: number; readonly first: number } {
    const row = this.database.get<{ count: number; first: number | null }>(
      `SELECT COUNT(*) AS count, MIN(created_ts) AS first FROM local_media
       WHERE user_id = ? AND created_ts > ? AND media_length IS NULL`,
      userId,
      createdAfter,
    );
    return { count: row?.count ?? 0, first: row?.first ?? 0 };
  }

  /** Stores content under a new or a pending media ID. */
  setContent(mediaId: string, userId: UserId, now: number, content: MediaContent): void {
    this.database.run(
      `INSERT INTO local_media
         (media_id, user_id, created_ts, media_type, media_length, upload_name, sha256, quarantined_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (media_id) DO UPDATE SET media_type = excluded.media_type, media_length = excluded.media_length,
         upload_name = excluded.upload_name, sha256 = excluded.sha256, quarantined_by = excluded.quarantined_by`,
      mediaId,
      userId,
      now,
      content.mediaType,
      content.mediaLength,
      content.uploadName,
      content.sha256,
      content.quarantinedBy,
    );
  }

  /** Whether such content is in quarantine. */
  isQuarantined(sha256: string): boolean {
    const sql = 'SELECT 1 FROM local_media WHERE sha256 = ? AND quarantined_by IS NOT NULL';
    return this.database.get(sql, sha256) !== undefined;
  }

  setLastAccess(mediaId: string, now: number): void {
    this.database.run('UPDATE local_media SET last_access_ts = ? WHERE media_id = ?', now, mediaId);
  }

  find(mediaId: string): LocalMedia | undefined {
    const row = this.database.get<MediaRow>('SELECT * FROM local_media WHERE media_id = ?', mediaId);
    return row === undefined ? undefined : mediaOf(row);
  }

  /** Bytes that a user uploaded since a time. */
  uploadedSince(userId: UserId, since: number): number {
    const row = this.database.get<{ sum: number | null }>(
      'SELECT SUM(media_length) AS sum FROM local_media WHERE user_id = ? AND created_ts > ?',
      userId,
      since,
    );
    return row?.sum ?? 0;
  }

  addThumbnail(mediaId: string, thumbnail: Thumbnail): void {
    const { width, height, type, method, length } = thumbnail;
    this.database.run(
      'INSERT OR REPLACE INTO local_media_thumbnails VALUES (?, ?, ?, ?, ?, ?)',
      mediaId,
      width,
      height,
      type,
      method,
      length,
    );
  }

  thumbnailsOf(mediaId: string): Thumbnail[] {
    return this.database.all<Thumbnail>(
      'SELECT width, height, type, method, length FROM local_media_thumbnails WHERE media_id = ?',
      mediaId,
    );
  }
}

/** What a row says. */
export function mediaOf(row: MediaRow): LocalMedia {
  return {
    mediaId: row.media_id,
    userId: row.user_id,
    createdTs: row.created_ts,
    mediaType: row.media_type,
    mediaLength: row.media_length,
    uploadName: row.upload_name,
    quarantinedBy: row.quarantined_by,
    isSafe: row.safe_from_quarantine !== 0,
    isAuthenticated: row.is_authenticated !== 0,
    lastAccessTs: row.last_access_ts,
    sha256: row.sha256,
  };
}
