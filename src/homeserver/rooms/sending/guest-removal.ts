import { isOnServer } from '../../../matrix/ids.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { RoomEvent } from '../model/room-event.js';
import type { Room } from '../model/rooms.js';
import type { Memberships } from './memberships.js';

/** Removes guests from rooms whose new rules keep them out (`handlers/message.py: maybe_kick_guest_users`). */
export class GuestRemoval {
  constructor(
    private readonly context: Pick<HomeserverContext, 'serverName' | 'log'>,
    private readonly memberships: Memberships,
    emitter: RoomEmitter,
  ) {
    emitter.onAsk('storing', (_requester, event, room) => this.follow(event, room));
  }

  /** Removes the guests of this server when the event says that the room takes none any more. */
  follow(event: RoomEvent, room: Room): Promise<void> | undefined {
    const isForbidden = event.type === 'm.room.guest_access' && event.content['guest_access'] !== 'can_join';
    return isForbidden ? this.removeFrom(room) : undefined;
  }

  private async removeFrom(room: Room): Promise<void> {
    const { serverName, log } = this.context;
    for (const [userId, event] of [...room.state.ofType('m.room.member')]) {
      if (!isOnServer(userId, serverName) || event.content['kind'] !== 'guest') continue;
      if (event.membership !== 'join' && event.membership !== 'invite') continue;
      const requester = {
        userId,
        isGuest: true,
        shadowBanned: false,
        authenticatedEntity: serverName,
      };
      try {
        await this.memberships.update(requester, requester.userId, room.roomId, 'leave', { ratelimit: false });
      } catch (error) {
        log.error('A guest could not be removed from a room', { userId, roomId: room.roomId, err: error });
      }
    }
  }
}
