import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonValue } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { LimitExceededError } from '../../runtime/rate-limit-error.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { RoomStore } from '../../store/room-store.js';
import { pretendToWork } from '../sending/shadow-ban.js';
import { presetOf } from './room-presets.js';
import type { RoomWishes } from './room-wishes.js';

/** What the request for a room is checked with. */
export interface RequestCheckParts {
  readonly context: HomeserverContext;
  readonly roomStore: RoomStore;
  readonly limits: RateLimiters;
}

/** Counts a new room, or 429. */
export async function checkRoomRate({ limits }: RequestCheckParts, requester: Requester): Promise<void> {
  await limits.roomCreation.check(requester, { update: false });
  await limits.request(requester);
  await limits.roomCreation.check(requester);
}

/** Refuses what a new room may not be, and returns what is left of the request. */
export async function checkWishes(
  parts: RequestCheckParts,
  requester: Requester,
  wishes: RoomWishes,
): Promise<RoomWishes> {
  const { roomStore, limits, context } = parts;
  if (wishes.alias !== undefined && roomStore.findAlias(wishes.alias) !== undefined) {
    throw new SynapseError(400, 'Room alias already taken', Codes.ROOM_IN_USE);
  }
  let { invited, invitedAddresses } = wishes;
  if (requester.shadowBanned && invited.length + invitedAddresses.length > 0) {
    await pretendToWork(context.clock);
    invited = [];
    invitedAddresses = [];
  }
  const count = invited.length + invitedAddresses.length;
  if (count > 0) {
    try {
      await limits.invitesPerRoom.check(requester, { update: false, actions: count });
    } catch (error) {
      if (!(error instanceof LimitExceededError)) throw error;
      throw new SynapseError(400, 'Cannot invite so many users at once', Codes.UNKNOWN, {}, {}, { cause: error });
    }
  }
  const users = wishes.powerLevels?.['users'];
  if (!wishes.version.hasCreatorPower && users !== undefined && !namesUser(users, requester.userId)) {
    throw new SynapseError(
      400,
      `Not a valid power_level_content_override: 'users' did not contain ${requester.userId}`,
    );
  }
  presetOf(wishes.presetName);
  return { ...wishes, invited, invitedAddresses };
}

function namesUser(users: JsonValue, userId: UserId): boolean {
  return typeof users === 'object' && users !== null && Object.hasOwn(users, userId);
}
