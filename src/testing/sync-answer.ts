import type { EventId, RoomId, UserId } from '../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../matrix/json.js';

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
    return this.body['next_batch'] as string;
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
    return Object.keys(this.objectAt('rooms', membership)) as RoomId[];
  }

  private eventsAt(...path: readonly string[]): readonly ClientEvent[] {
    const events: unknown = this.objectAt(...path)['events'];
    return Array.isArray(events) ? (events as readonly ClientEvent[]) : [];
  }

  private objectAt(...path: readonly string[]): JsonObject {
    return path.reduce<JsonObject>((object, key) => (isJsonObject(object[key]) ? object[key] : {}), this.body);
  }
}
