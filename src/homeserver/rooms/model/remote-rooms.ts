import type { RoomAlias, RoomId, ServerName, UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { RoomEvent } from './room-event.js';

/** A room that an alias stands for. */
export interface AliasTarget {
  readonly roomId: RoomId;
  /** Servers that know the room, this one first. */
  readonly servers: readonly ServerName[];
}

/** A membership of a user from here in a room where nobody from here is. */
export interface RemoteChange {
  readonly requester: Requester;
  readonly target: UserId;
  readonly roomId: RoomId;
  readonly content: JsonObject;
  /** Servers that are said to be in the room. */
  readonly hosts: readonly string[];
}

/** What rooms need of other servers. */
export interface RemoteRooms {
  /** The room behind an alias of another server; undefined when there is none. */
  readonly lookUpAlias: (alias: RoomAlias) => Promise<AliasTarget | undefined>;
  /** The profile of a user of another server, or one field of it; throws when the server does not tell. */
  readonly profileOf: (userId: UserId, field: string | undefined) => Promise<JsonObject>;
  readonly join: (change: RemoteChange) => Promise<RoomEvent>;
  readonly knock: (change: RemoteChange) => Promise<RoomEvent>;
  /** Declines an invite or takes back a knock. */
  readonly leave: (change: RemoteChange, current: RoomEvent) => Promise<RoomEvent>;
}
