import { isOnServer, type UserId } from '../../../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonValue } from '../../../matrix/json.js';
import type { StateStore } from '../../store/state-store.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { isRestricted } from './membership-auth.js';
import type { Room } from '../model/rooms.js';

/** Joins that membership of another room allows (`handlers/event_auth.py`). */
export class RestrictedJoins {
  constructor(
    private readonly serverName: string,
    private readonly states: StateStore,
  ) {}

  /**
   * The member who vouches for a join, for `join_authorised_via_users_server`; undefined where none is needed, null where
   * only another server can vouch. Refuses users whom the room's rule does not let in.
   */
  authoriserFor(room: Room, userId: UserId): string | undefined | null {
    const { state, version } = room;
    const rule = state.get('m.room.join_rules', '')?.content;
    if (!isRestricted(version, rule?.['join_rule'])) return undefined;
    const membership = state.membershipOf(userId);
    if (membership === 'join' || membership === 'invite') return undefined;
    const authoriser = this.userWhoMayInvite(room);
    if (authoriser === undefined) return null;
    const { rooms, hasUnknownRules } = readAllowed(rule?.['allow']);
    if (rooms.some((roomId) => this.isIn(userId, roomId))) return authoriser;
    if (hasUnknownRules) return null;
    throw new AuthError(403, 'You do not belong to any of the required rooms/spaces to join this room.');
  }

  /** The member who would vouch for a user's join; undefined where none is needed, null where only another server can. */
  voucherFor(room: Room, userId: UserId): string | undefined | null {
    const membership = room.state.membershipOf(userId);
    const rule = room.state.get('m.room.join_rules', '')?.content['join_rule'];
    if (!isRestricted(room.version, rule) || membership === 'join' || membership === 'invite') return undefined;
    return this.userWhoMayInvite(room) ?? null;
  }

  /** Whether a room's rule lets a user in because of another room they are in. */
  isAllowedIn(room: Room, userId: UserId): boolean {
    const rule = room.state.get('m.room.join_rules', '')?.content;
    if (!isRestricted(room.version, rule?.['join_rule'])) return false;
    return readAllowed(rule?.['allow']).rooms.some((roomId) => this.isIn(userId, roomId));
  }

  private isIn(userId: UserId, roomId: string): boolean {
    return this.states.membershipsOf(userId).some((entry) => entry.room_id === roomId && entry.membership === 'join');
  }

  private userWhoMayInvite({ state }: Room): string | undefined {
    const levels = state.powerLevels;
    const needed = levels.named('invite', 0);
    return state
      .usersWith('join')
      .find((userId) => isOnServer(userId, this.serverName) && levels.ofUser(userId) >= needed);
  }
}

/** The rooms in the `allow` list of a join rule. */
export function readAllowed(allow: JsonValue | undefined): {
  readonly rooms: readonly string[];
  readonly hasUnknownRules: boolean;
} {
  const entries = itemsOf(allow).filter(isJsonObject);
  const known = entries.filter((entry) => entry['type'] === 'm.room_membership');
  return {
    rooms: known.map((entry) => entry['room_id']).filter((roomId) => typeof roomId === 'string'),
    hasUnknownRules: known.length < entries.length,
  };
}
