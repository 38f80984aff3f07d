import { inspect } from 'node:util';
import type { MatrixEvent } from './event.js';
import type { EventId, RoomId, UserId } from './ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from './json.js';

/** What an event is made from: its JSON, and what the room's version says of it. */
export interface EventParts {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly roomVersion: string;
  readonly pdu: JsonObject;
  readonly redacts: string | undefined;
}

/**
 * An event as modules see it, whichever host made it. Its enumerable members are those of `MatrixEvent` and no others, so
 * that every way of copying it (a spread, `Object.assign`, `structuredClone`) copies the same; what a host keeps beside them
 * is private. They are made in one order, and `content` and `unsigned` are read when asked for.
 */
export abstract class ReadOnlyEvent implements MatrixEvent {
  declare readonly eventId: EventId;
  declare readonly roomId: RoomId;
  declare readonly type: string;
  declare readonly sender: UserId;
  declare readonly content: JsonObject;
  declare readonly originServerTs: number;
  declare readonly stateKey?: string;
  declare readonly redacts?: EventId;
  declare readonly membership?: string;
  declare readonly depth: number;
  declare readonly unsigned: JsonObject;
  declare readonly roomVersion: string;

  constructor({ eventId, roomId, roomVersion, pdu, redacts }: EventParts) {
    this.eventId = eventId;
    this.roomId = roomId;
    this.type = pdu['type'] as string;
    this.sender = pdu['sender'] as UserId;
    Object.defineProperty(this, 'content', content);
    this.originServerTs = pdu['origin_server_ts'] as number;
    if (typeof pdu['state_key'] === 'string') this.stateKey = pdu['state_key'];
    if (redacts !== undefined) this.redacts = redacts as EventId;
    if (this.type === 'm.room.member') {
      const membership = isJsonObject(pdu['content']) ? pdu['content']['membership'] : undefined;
      if (typeof membership === 'string') this.membership = membership;
    }
    this.depth = pdu['depth'] as number;
    Object.defineProperty(this, 'unsigned', unsigned);
    this.roomVersion = roomVersion;
  }

  isState(): boolean {
    return this.stateKey !== undefined;
  }

  /** The event as its server signed it, with its IDs: what `JSON.stringify` shows. */
  toJSON(): JsonObject {
    return { ...(this.getDict() as JsonObject), event_id: this.eventId, room_id: this.roomId };
  }

  /** What `console.log` shows. */
  [inspect.custom](): object {
    return Object.assign({}, this);
  }

  abstract getDict(): MutableJsonObject;
  /** What `content` is; frozen. */
  protected abstract readContent(): JsonObject;
  /** What `unsigned` is; changes to it change nothing. */
  protected abstract readUnsigned(): JsonObject;
}

/** Members of each event itself, for copies to have them, of which nothing is made before somebody looks. */
const content: PropertyDescriptor = {
  enumerable: true,
  get(this: ReadOnlyEvent) {
    return this['readContent']();
  },
};

const unsigned: PropertyDescriptor = {
  enumerable: true,
  get(this: ReadOnlyEvent) {
    return this['readUnsigned']();
  },
};
