import type { ServerName } from '../matrix/ids.js';

/**
 * A stored media file, fetched when read (`media/media_storage.py: ReadableFileWrapper`).
 *
 * @example
 * ```ts
 * import { type MediaFile } from 'vesicle';
 * const sizeOf = async (file: MediaFile) => (await file.read()).byteLength;
 * ```
 */
export interface MediaFile {
  /** Where the file lies on the homeserver's disk. */
  readonly path: string;
  /** The whole file. */
  readonly read: () => Promise<Uint8Array>;
  /** The file in chunks of at most 16 KiB. */
  readonly stream: () => AsyncIterable<Uint8Array>;
}

/**
 * What a media file is (`media/_base.py: FileInfo`).
 *
 * @example
 * ```ts
 * import { type MediaFileInfo } from 'vesicle';
 * const isRemote = (info: MediaFileInfo) => info.serverName !== null;
 * ```
 */
export interface MediaFileInfo {
  /** Null for local files. */
  readonly serverName: ServerName | null;
  readonly fileId: string;
  /** The file belongs to a URL preview. */
  readonly urlCache: boolean;
  /** Null unless the file is a thumbnail. */
  readonly thumbnail: ThumbnailInfo | null;
}

/**
 * Size and kind of a thumbnail.
 *
 * @example
 * ```ts
 * import { type ThumbnailInfo } from 'vesicle';
 * const isSmall = (thumbnail: ThumbnailInfo) => thumbnail.width <= 32 && thumbnail.height <= 32;
 * ```
 */
export interface ThumbnailInfo {
  readonly width: number;
  readonly height: number;
  readonly method: 'crop' | 'scale';
  readonly type: string;
  /** Bytes. */
  readonly length: number;
}
