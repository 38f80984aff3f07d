import type { RoomId, UserId } from '../../matrix/ids.js';
import type { DeviceKeys } from '../encryption/device-keys.js';
import { type Neighbours, shareRoom } from '../ephemeral/presence.js';

/** Whose devices a client must look at again, and whose no longer. */
export interface DeviceLists {
  readonly changed: readonly UserId[];
  readonly left: readonly UserId[];
}

/** Which memberships changed. */
export interface MemberMoves {
  /** Users who came into sight. */
  readonly near: ReadonlySet<UserId>;
  /** Users who left a room. */
  readonly gone: ReadonlySet<UserId>;
  /** Rooms that the user left. */
  readonly newlyLeft: ReadonlySet<RoomId>;
}

/** Works out `device_lists` (`handlers/device.py: generate_sync_entry_for_device_list`). */
export class DeviceListReader {
  constructor(
    private readonly keys: DeviceKeys,
    private readonly neighbours: Neighbours,
  ) {}

  membersOf(roomId: RoomId): Iterable<UserId> {
    return this.neighbours.joinedMembers(roomId);
  }

  /** The changes of keys alone, for `/keys/changes`. */
  readSince(userId: UserId, since: number): DeviceLists {
    const none = new Set<never>();
    return this.read(userId, since, { near: none, gone: none, newlyLeft: none });
  }

  read(userId: UserId, since: number, moves: MemberMoves): DeviceLists {
    const candidates = this.keys.changedSince(since);
    const gone = new Set(moves.gone);
    for (const roomId of moves.newlyLeft) for (const member of this.membersOf(roomId)) gone.add(member);
    gone.delete(userId);
    if (candidates.length === 0 && moves.near.size === 0 && gone.size === 0) return { changed: [], left: [] };
    const isInSight = (other: UserId): boolean => shareRoom(this.neighbours, userId, other);
    const changed = new Set([...moves.near, ...candidates.filter((other) => other === userId || isInSight(other))]);
    return { changed: [...changed], left: [...gone].filter((other) => !isInSight(other)) };
  }
}
