import type { RoomId, UserId } from '../../matrix/ids.js';
import type { MediaModerationStore } from '../store/media-moderation-store.js';
import type { MediaFiles } from './media-files.js';

/** Media as their URLs name them. */
interface MediaName {
  readonly server: string;
  readonly mediaId: string;
}

/** The media that a room's events name. */
export interface RoomMedia {
  readonly local: readonly string[];
  readonly remote: readonly string[];
}

/** What administrators do with media (`rest/admin/media.py`). Only this server's can be had here. */
export class MediaModeration {
  constructor(
    private readonly serverName: string,
    readonly store: MediaModerationStore,
    private readonly files: MediaFiles,
  ) {}

  /** URLs of all media in a room. */
  inRoom(roomId: RoomId): RoomMedia {
    const names = this.namesIn(roomId);
    const isLocal = ({ server }: MediaName): boolean => server === this.serverName;
    return {
      local: names.filter(isLocal).map(urlOf),
      remote: names.filter((name) => !isLocal(name)).map(urlOf),
    };
  }

  quarantineRoom(roomId: RoomId, by: UserId): number {
    const local = this.namesIn(roomId).filter(({ server }) => server === this.serverName);
    return this.quarantine(
      local.map(({ mediaId }) => mediaId),
      by,
    );
  }

  quarantineUser(userId: UserId, by: UserId): number {
    return this.quarantine(this.store.freeOf(userId), by);
  }

  /** Puts media into quarantine, or with null takes them out; nothing of other servers is here. */
  quarantineOne(server: string, mediaId: string, by: UserId | null): number {
    return server === this.serverName ? this.quarantine([mediaId], by) : 0;
  }

  deleteOld(beforeTs: number, sizeGt: number, keepProfiles: boolean): Promise<readonly string[]> {
    const prefix = `mxc://${this.serverName}/`;
    return this.delete(this.store.old({ beforeTs, sizeGt, keepProfiles, prefix }));
  }

  /** Removes media and their thumbnails for good; those that are gone. */
  async delete(mediaIds: readonly string[]): Promise<readonly string[]> {
    for (const mediaId of mediaIds) {
      await this.files.removeAll(mediaId);
      this.store.delete(mediaId);
    }
    return mediaIds;
  }

  private quarantine(mediaIds: readonly string[], by: UserId | null): number {
    return mediaIds.length === 0 ? 0 : this.store.quarantine(mediaIds, by);
  }

  private namesIn(roomId: RoomId): readonly MediaName[] {
    return this.store.urlsIn(roomId).flatMap((url) => {
      const [, server, mediaId] = /^mxc:\/\/([^/]+)\/([^/#?]+)/.exec(url) ?? [];
      return server === undefined || mediaId === undefined ? [] : [{ server, mediaId }];
    });
  }
}

function urlOf({ server, mediaId }: MediaName): string {
  return `mxc://${server}/${mediaId}`;
}
