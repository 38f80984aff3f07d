import type { RoomId, UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import { Emitter } from '../../runtime/emitter.js';
import type { RoomEvent } from './room-event.js';
import type { Room } from './rooms.js';

/** Events of rooms that parts of the homeserver are told of. */
type RoomTold = {
  /** Events of one room were stored: the transaction is committed. */
  readonly stored: readonly [events: readonly RoomEvent[]];
  /** Events of this server's users were sent, and modules and clients told. */
  readonly sent: readonly [events: readonly RoomEvent[]];
  /** Everything of a room is being removed, within the same transaction. */
  readonly purged: readonly [roomId: RoomId];
};

/** Events of rooms that parts of the homeserver answer before they go on. */
type RoomAsked = {
  /** An event of this server's users is about to be stored; `room` has the state before it. A throw refuses it. */
  readonly storing: readonly [requester: Requester, event: RoomEvent, room: Room];
  /** A room was replaced; what these users of this server keep with it is brought over. */
  readonly replaced: readonly [from: RoomId, to: RoomId, users: readonly UserId[]];
};

/** What happens in rooms, for the parts of the homeserver that rooms do not know. */
export class RoomEmitter extends Emitter<RoomTold, RoomAsked> {}
