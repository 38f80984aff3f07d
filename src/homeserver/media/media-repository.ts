import type { MediaFile, MediaFileInfo } from '../../callbacks/media-file.js';
import type { MediaUploadLimit } from '../../callbacks/media-upload-limit.js';
import { NOT_SPAM } from '../../callbacks/spam-verdict.js';
import { Codes } from '../../errors/matrix-codes.js';
import { VesicleError } from '../../errors/vesicle-error.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import { randomLetters } from '../runtime/random-letters.js';
import { LimitExceededError } from '../runtime/rate-limit-error.js';
import type { LocalMedia, MediaStore, Thumbnail } from '../store/media-store.js';
import type { MediaFiles, OpenFile } from './media-files.js';
import { selectThumbnail, type ThumbnailWish } from './select-thumbnail.js';
import { Thumbnailer, type ThumbnailPlan, thumbnailTypes } from './thumbnailer.js';

/** A file to be uploaded. */
export interface Upload {
  readonly content: AsyncIterable<Uint8Array>;
  readonly mediaType: string;
  readonly uploadName: string | null;
}

/** How exactly it is known when a file was last looked at, in milliseconds. */
const accessPrecision = 60_000;

/** Media of this homeserver (`media/media_repository.py`, `media/media_storage.py`). */
export class MediaRepository {
  private readonly limits: readonly MediaUploadLimit[];

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: MediaStore,
    private readonly files: MediaFiles,
  ) {
    this.limits = longestFirst(context.config.mediaUploadLimits);
  }

  /** A media ID that its maker can upload to until it expires. */
  createId(userId: UserId): { readonly uri: string; readonly expiresAt: number } {
    const { clock, config, serverName } = this.context;
    const now = clock.now();
    const pending = this.store.pendingOf(userId, now - config.unusedExpirationTime);
    if (pending.count >= config.maxPendingMediaUploads) {
      throw new LimitExceededError('max_pending_media_uploads', pending.first - now, 0);
    }
    const mediaId = newMediaId();
    this.store.addPending(mediaId, userId, now);
    return { uri: `mxc://${serverName}/${mediaId}`, expiresAt: now + config.unusedExpirationTime };
  }

  /** Refuses unless this user may now upload to this media ID. */
  checkMayUpload(mediaId: string, userId: UserId): void {
    const media = this.store.find(mediaId);
    if (media === undefined) throw new SynapseError(404, 'Unknown media ID', Codes.NOT_FOUND);
    if (media.userId !== userId) {
      throw new SynapseError(403, 'Only the creator of the media ID can upload to it', Codes.FORBIDDEN);
    }
    if (media.mediaLength !== null) {
      throw new SynapseError(409, 'Media ID already has content', Codes.CANNOT_OVERWRITE_MEDIA);
    }
    if (this.isExpired(media)) throw new SynapseError(404, 'Media ID has expired', Codes.NOT_FOUND);
  }

  /** Refuses an upload of this size, by configuration or because a module says so. */
  async checkSize(userId: UserId, size: number): Promise<void> {
    const isTooLarge =
      size > this.context.config.maxUploadSize ||
      !(await this.context.dispatch.ask('media_repository', 'is_user_allowed_to_upload_media_of_size', userId, size));
    if (isTooLarge) throw new SynapseError(413, 'Upload request body is too large', Codes.TOO_LARGE);
  }

  /** Stores a file under a new media ID or the one given. */
  async upload(userId: UserId, upload: Upload, mediaId = newMediaId()): Promise<string> {
    const { mediaType, uploadName } = upload;
    const info = fileInfo(mediaId);
    const received = await this.files.receive(upload.content);
    const { size, sha256 } = received;
    await this.judge(info, () => this.files.place(info, received)).catch((error: unknown) => {
      // Whatever the module's code is, who uploads gets this one.
      throw error instanceof SpamMediaError ? new SynapseError(400, 'Bad content') : error;
    });
    try {
      await this.checkLimits(userId, size);
    } catch (error) {
      await this.files.remove(info);
      throw error;
    }
    this.store.setContent(mediaId, userId, this.context.clock.now(), {
      mediaType,
      mediaLength: size,
      uploadName,
      sha256,
      quarantinedBy: this.store.isQuarantined(sha256) ? 'system' : null,
    });
    try {
      await this.makeThumbnails(mediaId, mediaType);
    } catch (error) {
      // Synapse goes on without thumbnails, too. What the operator can mend is said louder.
      if (error instanceof VesicleError) this.context.log.error(`No thumbnails of ${mediaId}: ${error.message}`);
      else this.context.log.info(`No thumbnails of ${mediaId}`, { err: error });
    }
    return `mxc://${this.context.serverName}/${mediaId}`;
  }

  /** What is known of a media ID once it has content; undefined when there is nothing to be had, `'pending'` when not yet. */
  async find(
    mediaId: string,
    waitMs: number,
    signal: AbortSignal,
    withQuarantined = false,
  ): Promise<LocalMedia | 'pending' | undefined> {
    const until = this.context.clock.now() + waitMs;
    for (;;) {
      const media = this.store.find(mediaId);
      if (media === undefined || (media.quarantinedBy !== null && !withQuarantined)) return undefined;
      if (media.mediaLength !== null) return this.noteAccess(media);
      if (this.isExpired(media)) return undefined;
      if (this.context.clock.now() >= until || signal.aborted) return 'pending';
      await this.pause(signal);
    }
  }

  openContent(mediaId: string): Promise<OpenFile | undefined> {
    return this.files.open(fileInfo(mediaId));
  }

  /** The thumbnail that comes nearest to the wish; `'none'` when the file has none at all. */
  findThumbnail(mediaId: string, wish: ThumbnailWish): Thumbnail | 'none' | undefined {
    const thumbnails = this.store.thumbnailsOf(mediaId);
    return thumbnails.length === 0 ? 'none' : selectThumbnail(thumbnails, wish);
  }

  /** Exactly the thumbnail wished for, made now unless it is there (`dynamic_thumbnails`); undefined when it cannot be made. */
  async makeThumbnail(mediaId: string, plan: ThumbnailPlan): Promise<Thumbnail | undefined> {
    const known = this.store
      .thumbnailsOf(mediaId)
      .find(
        ({ width, height, type, method }) =>
          width === plan.width && height === plan.height && type === plan.type && method === plan.method,
      );
    if (known !== undefined) return known;
    const content = await this.files.read(fileInfo(mediaId));
    const thumbnailer = await Thumbnailer.open(content, this.context.config.maxImagePixels);
    const made = await thumbnailer?.makeWithin(plan).catch((error: unknown) => {
      this.context.log.warn(`No thumbnail of ${mediaId}`, { ...plan, err: error });
      return undefined;
    });
    return made === undefined ? undefined : this.storeThumbnail(mediaId, plan, made);
  }

  openThumbnail(mediaId: string, thumbnail: Thumbnail): Promise<OpenFile | undefined> {
    return this.files.open(fileInfo(mediaId, thumbnail));
  }

  /** Notes now and then that somebody looked. */
  private noteAccess(media: LocalMedia): LocalMedia {
    const now = this.context.clock.now();
    if ((media.lastAccessTs ?? 0) + accessPrecision < now) this.store.setLastAccess(media.mediaId, now);
    return media;
  }

  /** Stores a file, unless a module does not want it. */
  private async judge(info: MediaFileInfo, store: () => Promise<MediaFile>): Promise<void> {
    const file = await store();
    try {
      const { dispatch } = this.context;
      const verdict = await dispatch.ask('spam_checker', 'check_media_file_for_spam', file, info);
      if (verdict !== NOT_SPAM) throw new SpamMediaError(404, 'Not found', verdict.errcode);
    } catch (error) {
      await this.files.remove(info);
      throw error;
    }
  }

  private async checkLimits(userId: UserId, size: number): Promise<void> {
    const { dispatch, clock, config } = this.context;
    const ofUser = await dispatch.ask('media_repository', 'get_media_upload_limits_for_user', userId);
    for (const limit of ofUser === undefined ? this.limits : longestFirst(ofUser)) {
      const sent = this.store.uploadedSince(userId, clock.now() - limit.timePeriodMs);
      if (sent + size <= limit.maxBytes) continue;
      await dispatch.ask('media_repository', 'on_media_upload_limit_exceeded', userId, { ...limit }, sent, size);
      throw new SynapseError(403, 'Media upload limit exceeded', Codes.USER_LIMIT_EXCEEDED, {
        info_uri: limit.infoUri ?? `${config.publicBaseurl}_synapse/client/media_upload_limit_exceeded`,
        ...(limit.canUpgrade === true && { can_upgrade: true }),
      });
    }
  }

  private async makeThumbnails(mediaId: string, mediaType: string): Promise<void> {
    const { maxImagePixels, thumbnailSizes } = this.context.config;
    if (!thumbnailTypes.has(mediaType)) return;
    const thumbnailer = await Thumbnailer.open(await this.files.read(fileInfo(mediaId)), maxImagePixels);
    if (thumbnailer === undefined) return;
    for (const plan of await thumbnailer.plan(mediaType, thumbnailSizes)) {
      await this.storeThumbnail(mediaId, plan, await thumbnailer.make(plan));
    }
  }

  private async storeThumbnail(mediaId: string, plan: ThumbnailPlan, content: Uint8Array): Promise<Thumbnail> {
    const { width, height, type, method } = plan;
    const thumbnail: Thumbnail = { width, height, type, method, length: content.byteLength };
    const info = fileInfo(mediaId, thumbnail);
    await this.judge(info, () => this.files.write(info, content));
    this.store.addThumbnail(mediaId, thumbnail);
    return thumbnail;
  }

  private isExpired(media: LocalMedia): boolean {
    return media.createdTs < this.context.clock.now() - this.context.config.unusedExpirationTime;
  }

  private pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.context.clock.after(500, finish);
      signal.addEventListener('abort', finish);
    });
  }
}

/** A module does not want the file: it is as if it was not there. */
class SpamMediaError extends SynapseError {}

function fileInfo(fileId: string, thumbnail: Thumbnail | null = null): MediaFileInfo {
  return { serverName: null, fileId, urlCache: false, thumbnail };
}

function longestFirst(limits: readonly MediaUploadLimit[]): MediaUploadLimit[] {
  return [...limits].sort((one, other) => other.timePeriodMs - one.timePeriodMs);
}

/** As Synapse's media IDs (`random_string`). */
function newMediaId(): string {
  return randomLetters(24);
}
