import { type EventId, parseRoomId, type RoomId, type UserId } from '../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../matrix/json.js';
import { parseString } from './answer.js';

/**
 * An event as clients get it.
 *
 * @example
 * ```ts
 * import { type ClientEvent } from 'vesicle/testing';
 * const textOf = (event: ClientEvent) => event.content['body'];
 * ```
 */
export interface ClientEvent extends JsonObject {
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly event_id: EventId;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly unsigned?: JsonObject;
}

/**
 * What `/sync` answered.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * const news = await alice.sync();
 * const texts = news.joined.flatMap((room) => news.timeline(room).map((event) => event.content['body']));
 * ```
 */
export class SyncAnswer {
  constructor(
    /** As it came. */
    readonly body: JsonObject,
  ) {}

  /** Where the next `/sync` goes on. */
  get nextBatch(): string {
    return parseString(this.body, 'next_batch');
  }

  /** The rooms with news that the user is in. */
  get joined(): readonly RoomId[] {
    return this.roomsIn('join');
  }

  /** The rooms that the user was invited to. */
  get invited(): readonly RoomId[] {
    return this.roomsIn('invite');
  }

  /** The rooms that the user left, or was removed from. */
  get left(): readonly RoomId[] {
    return this.roomsIn('leave');
  }

  /** The new events of a room. */
  timeline(roomId: RoomId): readonly ClientEvent[] {
    return this.eventsAt('rooms', 'join', roomId, 'timeline').concat(
      this.eventsAt('rooms', 'leave', roomId, 'timeline'),
    );
  }

  /** The state of a room before its new events, or what an invited user is shown of it. */
  state(roomId: RoomId): readonly ClientEvent[] {
    return this.eventsAt('rooms', 'join', roomId, 'state').concat(
      this.eventsAt('rooms', 'invite', roomId, 'invite_state'),
    );
  }

  /** Who is typing and what was read, in a room. */
  ephemeral(roomId: RoomId): readonly JsonObject[] {
    return this.eventsAt('rooms', 'join', roomId, 'ephemeral');
  }

  /** Changes of other users' presence. */
  get presence(): readonly JsonObject[] {
    return this.eventsAt('presence');
  }

  /** Changes of the user's account data; of that of a room, when one is named. */
  accountData(roomId?: RoomId): readonly JsonObject[] {
    return roomId === undefined
      ? this.eventsAt('account_data')
      : this.eventsAt('rooms', 'join', roomId, 'account_data');
  }

  /** Messages to the user's device. */
  get toDevice(): readonly JsonObject[] {
    return this.eventsAt('to_device');
  }

  private roomsIn(membership: string): readonly RoomId[] {
    return Object.keys(this.objectAt('rooms', membership)).map((id) => parseRoomId(id));
  }

  private eventsAt(...path: readonly string[]): readonly ClientEvent[] {
    return parseEvents(this.objectAt(...path)['events']);
  }

  private objectAt(...path: readonly string[]): JsonObject {
    return path.reduce<JsonObject>((object, key) => (isJsonObject(object[key]) ? object[key] : {}), this.body);
  }
}

/** An event that a homeserver sent; throws when it is none. */
export function parseEvent(value: JsonValue): ClientEvent {
  if (isJsonObject(value) && typeof value['type'] === 'string') return value as ClientEvent;
  throw new TypeError(`The homeserver sent an event that is none: ${JSON.stringify(value)}`);
}

/** The events of a list; none where there is no list. */
export function parseEvents(value: JsonValue | undefined): readonly ClientEvent[] {
  return itemsOf(value).map(parseEvent);
}
