import type { MatrixEvent } from '../matrix/event.js';
import { deepFreeze } from '../matrix/deep-freeze.js';
import type { EventId, RoomId, UserId } from '../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../matrix/json.js';
import type { WireEvent } from './wire-values.js';

const nothing: JsonObject = {};

/** An event of Synapse's. Nothing of it is copied before `getDict` is asked for. */
export class RemoteEvent implements MatrixEvent {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly roomVersion: string;
  readonly type: string;
  readonly sender: UserId;
  readonly originServerTs: number;
  readonly depth: number;
  declare readonly stateKey?: string;
  declare readonly redacts?: EventId;
  declare readonly membership?: string;
  private readonly pdu: JsonObject;

  constructor(wire: WireEvent) {
    const { pdu } = wire;
    this.pdu = pdu;
    this.eventId = wire.event_id as EventId;
    this.roomId = wire.room_id as RoomId;
    this.roomVersion = wire.room_version;
    this.type = pdu['type'] as string;
    this.sender = pdu['sender'] as UserId;
    this.originServerTs = pdu['origin_server_ts'] as number;
    this.depth = pdu['depth'] as number;
    const { state_key: stateKey } = pdu;
    if (typeof stateKey === 'string') this.stateKey = stateKey;
    if (wire.redacts !== undefined) this.redacts = wire.redacts as EventId;
    if (this.type === 'm.room.member') {
      const membership = isJsonObject(pdu['content']) ? pdu['content']['membership'] : undefined;
      if (typeof membership === 'string') this.membership = membership;
    }
  }

  get content(): JsonObject {
    return frozen(this.pdu['content']);
  }

  get unsigned(): JsonObject {
    return frozen(this.pdu['unsigned']);
  }

  isState(): boolean {
    return this.stateKey !== undefined;
  }

  /** The event as its server signed it, with its IDs: what `JSON.stringify` shows. */
  toJSON(): JsonObject {
    return { ...(this.getDict() as JsonObject), event_id: this.eventId, room_id: this.roomId };
  }

  getDict(): MutableJsonObject {
    return structuredClone(this.pdu);
  }
}

/** One event of several modules: none may change it for the others. */
function frozen(value: unknown): JsonObject {
  if (!isJsonObject(value)) return nothing;
  return Object.isFrozen(value) ? value : deepFreeze(value);
}
