import { deepFreeze } from '../../matrix/deep-freeze.js';
import type { EventId, RoomId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';
import { ReadOnlyEvent } from '../../matrix/read-only-event.js';
import type { WireEvent } from '../protocol/wire-values.js';

const nothing: JsonObject = {};

/** An event of Synapse's. Nothing of it is copied before `getDict` is asked for. */
export class RemoteEvent extends ReadOnlyEvent {
  readonly #pdu: JsonObject;

  constructor({ pdu, event_id, room_id, room_version: roomVersion, redacts }: WireEvent) {
    super({ eventId: event_id as EventId, roomId: room_id as RoomId, roomVersion, pdu, redacts });
    this.#pdu = pdu;
  }

  getDict(): MutableJsonObject {
    return structuredClone(this.#pdu);
  }

  protected override readContent(): JsonObject {
    return frozen(this.#pdu['content']);
  }

  protected override readUnsigned(): JsonObject {
    return frozen(this.#pdu['unsigned']);
  }
}

/** One event of several modules: none may change it for the others. */
function frozen(value: unknown): JsonObject {
  if (!isJsonObject(value)) return nothing;
  return Object.isFrozen(value) ? value : deepFreeze(value);
}
