import type { MatrixEvent, StateMap } from '../matrix/event.js';
import type { RoomAlias, RoomId, ServerName, UserId } from '../matrix/ids.js';
import type { JsonObject, MutableJsonObject } from '../matrix/json.js';
import type { Tuple } from '../matrix/tuple.js';

/**
 * What `updateRoomMembership` can do to a membership.
 *
 * @example
 * ```ts
 * import { type MembershipAction } from 'vesicle';
 * const action: MembershipAction = 'kick';
 * ```
 */
export type MembershipAction = 'join' | 'invite' | 'leave' | 'ban' | 'kick' | 'knock' | 'unban';

/**
 * Selects state events: a type, and a state key or null for all keys.
 *
 * @example
 * ```ts
 * import { type StateFilter } from 'vesicle';
 * const members: StateFilter = [['m.room.member', null]];
 * ```
 */
export type StateFilter = readonly (
  readonly [type: string, stateKey: string | null] | Tuple<readonly [type: string, stateKey: string | null]>
)[];

/** The methods of `ModuleApi` about rooms and events. */
export interface RoomsApi {
  /**
   * Whether the part of an ID after the first colon is this server. Room IDs of version 12 have no such part: always
   * false. Synapse: `is_mine`.
   *
   * @example
   * ```ts
   * const isLocal = await api.isMine(userId);
   * ```
   */
  readonly isMine: (id: UserId | RoomId | RoomAlias) => Promise<boolean>;

  /**
   * Creates a room as `POST /createRoom` does, with the same callbacks and errors. `config` is that request's body, and
   * `on_create_room` may change it. Synapse: `create_room`.
   *
   * @throws `HostError` `RuntimeError` for a user of another server; `SynapseError` as the request.
   *
   * @example
   * ```ts
   * const [created, alias] = await api.createRoom(userId, { preset: 'public_chat', name: 'Lobby' }, { ratelimit: false });
   * ```
   */
  readonly createRoom: (
    userId: UserId,
    config: MutableJsonObject,
    options?: {
      /** False exempts from rate limits. */
      readonly ratelimit?: boolean;
      /** `displayname` and `avatar_url` of the creator's membership, in place of the profile. */
      readonly creatorJoinProfile?: JsonObject;
    },
  ) => Promise<readonly [roomId: RoomId, alias: RoomAlias | null]>;

  /**
   * Removes a room in the background: local members leave, then it is purged. Asks `check_can_shutdown_room` there, with
   * null for the user. Synapse: `delete_room`.
   *
   * @throws `SynapseError` 400 while the room is being removed already.
   *
   * @example
   * ```ts
   * await api.deleteRoom(roomId);
   * ```
   */
  readonly deleteRoom: (roomId: RoomId) => Promise<void>;

  /**
   * Changes a membership as a request of `sender` would: rate limits, spam checkers and `check_event_allowed` apply.
   * `displayname` and `avatar_url` that `content` lacks are filled in from the target's profile, in place. An unchanged
   * membership answers with the existing event. Synapse: `update_room_membership`.
   *
   * Do not await it for the same room inside a callback that is asked during a membership change: it waits for itself.
   *
   * @throws `HostError` `RuntimeError` for a sender of another server; `SynapseError` as the request.
   *
   * @example
   * ```ts
   * const kick = await api.updateRoomMembership(userId, other, roomId, 'kick', { content: { reason: 'Spam' } });
   * ```
   */
  readonly updateRoomMembership: (
    sender: UserId,
    target: UserId,
    roomId: RoomId,
    newMembership: MembershipAction,
    options?: { readonly content?: MutableJsonObject; readonly remoteRoomHosts?: readonly ServerName[] },
  ) => Promise<MatrixEvent>;

  /**
   * Sends an event: `type`, `room_id`, `sender`, `content`, and `state_key`, `redacts` where they apply. Spam checkers and
   * `check_event_allowed` are asked, those of the calling module included; rate limits, shadow bans and suspension do not
   * apply. Unchanged state answers with the earlier event. Synapse: `create_and_send_event_into_room`.
   *
   * @throws `SynapseError` 403 when the sender is not joined, 500 for `m.room.member`; `HostError` `KeyError` for a
   * missing key, `Exception` for a sender of another server.
   *
   * @example
   * ```ts
   * const sent = await api.createAndSendEventIntoRoom({
   *   type: 'm.room.message',
   *   room_id: roomId,
   *   sender: userId,
   *   content: { msgtype: 'm.notice', body: 'Hello' },
   * });
   * ```
   */
  readonly createAndSendEventIntoRoom: (eventDict: JsonObject) => Promise<MatrixEvent>;

  /**
   * The current state of a room, whole or what the filter selects; an empty filter selects everything, an unknown room
   * has no state. Synapse: `get_room_state`.
   *
   * @example
   * ```ts
   * const state = await api.getRoomState(roomId, { eventFilter: [['m.room.name', '']] });
   * const name = (await state.get('m.room.name', ''))?.content['name'];
   * ```
   */
  readonly getRoomState: (roomId: RoomId, options?: { readonly eventFilter?: StateFilter }) => Promise<StateMap>;

  /**
   * Events of a room's current state. Synapse: `get_state_events_in_room`.
   *
   * @deprecated In Synapse, too: use `getRoomState`.
   *
   * @example
   * ```ts
   * const members = await api.getStateEventsInRoom(roomId, [['m.room.member', null]]);
   * ```
   */
  readonly getStateEventsInRoom: (roomId: RoomId, types: StateFilter) => Promise<readonly MatrixEvent[]>;

  /**
   * The room behind an alias and the servers that know it, this one first. Synapse: `lookup_room_alias`.
   *
   * @throws `SynapseError` 400 for a malformed alias, 404 for an unknown one, 502 when its server does not answer.
   *
   * @example
   * ```ts
   * const [found, servers] = await api.lookupRoomAlias(roomAlias);
   * ```
   */
  readonly lookupRoomAlias: (
    roomAlias: RoomAlias,
  ) => Promise<readonly [roomId: RoomId, servers: readonly ServerName[]]>;

  /**
   * The canonical alias of a room, or null. Synapse: `get_canonical_room_alias`.
   *
   * @example
   * ```ts
   * const alias = await api.getCanonicalRoomAlias(roomId);
   * ```
   */
  readonly getCanonicalRoomAlias: (roomId: RoomId) => Promise<RoomAlias | null>;
}
