import type { RoomId } from '../matrix/ids.js';

/**
 * Reads and changes the public room list; no callback is asked (`synapse.module_api.PublicRoomListManager`).
 *
 * @example
 * ```ts
 * import { type ModuleApi, type RoomId } from 'vesicle';
 * const hide = async (api: ModuleApi, roomId: RoomId) =>
 *   api.publicRoomListManager.removeRoomFromPublicRoomList(roomId);
 * ```
 */
export interface PublicRoomListManager {
  /** Whether a room is listed; false for an unknown one. */
  readonly roomIsInPublicRoomList: (roomId: RoomId) => Promise<boolean>;
  /** Lists a room. An unknown one is a `SynapseError` 404. */
  readonly addRoomToPublicRoomList: (roomId: RoomId) => Promise<void>;
  /** Takes a room off the list. An unknown one is a `SynapseError` 404. */
  readonly removeRoomFromPublicRoomList: (roomId: RoomId) => Promise<void>;
}
