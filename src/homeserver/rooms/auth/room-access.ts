import type { RoomId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { CurrentMembership, StateStore } from '../../store/state-store.js';
import { AuthError } from '../../parity/synapse-errors.js';
import type { Rooms } from '../model/rooms.js';

/** By which right somebody reads a room. */
export interface Access {
  /** `join`, `leave` for those who left, and `join` too for those who only look in. */
  readonly membership: 'join' | 'leave';
  /** The membership itself; undefined for those who only look in. */
  readonly entry?: CurrentMembership;
}

/** Who may read a room (`api/auth/base.py`). */
export class RoomAccess {
  constructor(
    private readonly rooms: Rooms,
    private readonly states: StateStore,
  ) {}

  /** Refuses everybody but members, and with `allowDeparted` those who left and did not forget the room. */
  checkInRoom(requester: Requester, roomId: RoomId, allowDeparted = false): Access {
    const entry = this.states.membership(requester.userId, roomId);
    if (entry?.membership === 'join') return { membership: 'join', entry };
    if (allowDeparted && entry?.membership === 'leave' && entry.is_forgotten === 0) {
      return { membership: 'leave', entry };
    }
    throw new AuthError(403, `User ${requester.userId} not in room ${roomId}`);
  }

  /** The same, but rooms whose history the whole world may read are open to all. */
  checkInRoomOrReadable(requester: Requester, roomId: RoomId, allowDeparted = false): Access {
    try {
      return this.checkInRoom(requester, roomId, allowDeparted);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      const visibility = this.rooms.find(roomId)?.state.get('m.room.history_visibility', '');
      if (visibility?.content['history_visibility'] === 'world_readable') return { membership: 'join' };
      throw new AuthError(403, `User ${requester.userId} not in room ${roomId}, and room previews are disabled`);
    }
  }
}
