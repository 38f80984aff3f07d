import type { UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import type { LiveServices } from './live-services.js';
import type { RoomServices } from './room-services.js';
import type { MediaStore } from '../store/media-store.js';
import type { UserHooks } from '../users/user-hooks.js';

/** The parts that accounts reach into. The getters are called when something happens, not before. */
export interface UserHookParts {
  readonly rooms: () => RoomServices;
  readonly live: () => LiveServices;
  readonly media: MediaStore;
  /** Whether an account is the first of a person. */
  readonly isOnlyUser: (userId: UserId) => boolean;
}

/** What accounts need of rooms and media. */
export function userHooks({ rooms, live, media, isOnlyUser }: UserHookParts): UserHooks {
  return {
    autoJoin: (userId) => rooms().autoJoin.join(userId, isOnlyUser(userId)),
    onProfileChanged: (requester, userId) => {
      rooms().propagateProfile(requester, userId);
    },
    onDevicesChanged: (userId, deleted) => {
      live().devicesChanged(userId, deleted);
    },
    askServer: (userId, field) => rooms().profileElsewhere(userId, field),
    delayLimits: () => rooms().delayedEvents.limits,
    shareRoom: (userId, other) => rooms().shareRoom(userId, other),
    membershipsOf: (userId) =>
      new Map(
        rooms()
          .states.membershipsOf(userId)
          .map((entry) => [entry.room_id, entry.membership]),
      ),
    findMedia: (url) => findMedia(rooms(), media, url),
    cancelDelayedEvents: (userId) => {
      rooms().delayedEvents.cancelAllOf(userId);
    },
    rejectInvites: (userId) => leave(rooms(), userId, ['invite', 'knock'], { forget: false }),
    leaveAllRooms: (userId) => leave(rooms(), userId, ['join'], { forget: true }),
  };
}

/** Leaves rooms in the name of a user who cannot do it any more; what fails is logged and passed over. */
async function leave(
  { context, states, memberships }: RoomServices,
  userId: UserId,
  from: readonly string[],
  { forget }: { readonly forget: boolean },
): Promise<void> {
  const requester: Requester = {
    userId,
    isGuest: false,
    shadowBanned: false,
    authenticatedEntity: context.serverName,
  };
  for (const { room_id: roomId, membership } of states.membershipsOf(userId)) {
    if (!from.includes(membership)) continue;
    try {
      await memberships.update(requester, userId, roomId, 'leave', { ratelimit: false });
      if (forget) memberships.forget(userId, roomId);
    } catch (error) {
      context.log.error(`Failed to part user '${userId}' from room '${roomId}': ignoring and continuing`, {
        err: error,
      });
    }
  }
}

function findMedia(
  { context }: RoomServices,
  media: MediaStore,
  url: string,
): { readonly size: number; readonly type: string } | undefined {
  const [, server, mediaId = ''] = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(url) ?? [];
  const found = server === context.serverName ? media.find(mediaId) : undefined;
  if (found?.mediaLength === undefined || found.mediaLength === null) return undefined;
  return { size: found.mediaLength, type: found.mediaType ?? '' };
}
