import type { RoomId, UserId } from '../../matrix/ids.js';
import type { RoomDatum } from './sync-rooms.js';

/** Account data as sync shows it. */
export interface AccountDataSource {
  readonly all: (userId: UserId) => AccountDataPart;
  readonly since: (userId: UserId, position: number) => AccountDataPart;
  readonly ofRoom: (userId: UserId, roomId: RoomId) => readonly RoomDatum[];
}

/** The account data of a user: all, or what changed. */
export interface AccountDataPart {
  readonly global: readonly RoomDatum[];
  readonly rooms: ReadonlyMap<RoomId, readonly RoomDatum[]>;
}
