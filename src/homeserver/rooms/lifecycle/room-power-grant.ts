import { SynapseError } from '../../../errors/synapse-error.js';
import { isOnServer, type RoomId, type UserId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject, stringsOf } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { AuthError } from '../../parity/synapse-errors.js';
import type { EventSender } from '../sending/event-sender.js';
import type { Memberships } from '../sending/memberships.js';
import type { Room, Rooms } from '../model/rooms.js';

const nobody = 'No local admin user in room';

/** Gives a user the power of the most powerful local member (`rest/admin/rooms.py: MakeRoomAdminRestServlet`). */
export class RoomPowerGrant {
  constructor(
    private readonly serverName: string,
    private readonly rooms: Rooms,
    private readonly sender: EventSender,
    private readonly memberships: Memberships,
  ) {}

  /** Changes the power levels in the name of that member, and invites the user if they could not join. */
  async grant(admin: Requester, roomId: RoomId, userId: UserId): Promise<void> {
    const room = this.rooms.find(roomId);
    if (room === undefined || room.state.size === 0) throw new SynapseError(400, 'Server not in room');
    const giver = this.mostPowerful(room);
    const requester: Requester = {
      userId: giver,
      isGuest: false,
      shadowBanned: false,
      authenticatedEntity: admin.authenticatedEntity,
    };
    const content = contentFor(room, giver, userId);
    try {
      const request = { type: 'm.room.power_levels', roomId, sender: giver, stateKey: '', content };
      await this.sender.send(requester, request);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      throw new SynapseError(400, 'No local admin user in room with power to update power levels.');
    }
    const membership = room.state.membershipOf(userId);
    const joinRule = room.state.get('m.room.join_rules', '')?.content['join_rule'];
    if (membership === 'join' || membership === 'invite' || joinRule === 'public') return;
    await this.memberships.update(requester, userId, roomId, 'invite');
  }

  private mostPowerful({ state, version }: Room): UserId {
    const create = state.get('m.room.create', '');
    const levels = state.get('m.room.power_levels', '')?.content;
    if (levels === undefined) {
      if (create === undefined || !this.isOurs(create.sender)) throw new SynapseError(400, nobody);
      return create.sender;
    }
    const users = isJsonObject(levels['users']) ? Object.keys(levels['users']) : [];
    const candidates = users.sort((a, b) => state.powerLevels.ofUser(a) - state.powerLevels.ofUser(b));
    if (version.hasCreatorPower && create !== undefined) {
      candidates.push(...stringsOf(create.content['additional_creators']), create.sender);
    }
    const givers = candidates.map((userId) => (this.isOurs(userId) ? state.memberOf(userId) : undefined));
    const giver = givers.findLast((member) => member?.membership === 'join');
    if (giver === undefined) throw new SynapseError(400, nobody);
    return giver.stateKey;
  }

  private isOurs(userId: string): boolean {
    return isOnServer(userId, this.serverName);
  }
}

/** The room's power levels, with one user given the power of another. */
function contentFor({ state }: Room, giver: UserId, userId: UserId): JsonObject {
  const levels = state.get('m.room.power_levels', '')?.content ?? {};
  const users = isJsonObject(levels['users']) ? levels['users'] : {};
  const power = (Object.hasOwn(users, giver) ? users[giver] : undefined) ?? 100;
  return { ...levels, users: { ...users, [userId]: power } };
}
