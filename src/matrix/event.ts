import type { EventId, RoomId, UserId } from './ids.js';
import type { JsonObject, MutableJsonObject } from './json.js';

/**
 * An event as callbacks get it (`synapse.module_api.EventBase`): read-only. A copy (`{ ...event }`) has its members under these
 * names, without the methods; `JSON.stringify` gives the event under the names of Matrix (`event_id`, `content`).
 *
 * @example
 * ```ts
 * import { type MatrixEvent } from 'vesicle';
 * const isText = (event: MatrixEvent) => event.content['msgtype'] === 'm.text';
 * ```
 */
export interface MatrixEvent {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  /** Milliseconds since 1970, by the sender's server. */
  readonly originServerTs: number;
  /** Absent on events that are not state; the empty string is a state key. */
  readonly stateKey?: string;
  /** The event that this redaction redacts, wherever the room version keeps it. */
  readonly redacts?: EventId;
  /** `content.membership` of a member event. */
  readonly membership?: string;
  readonly depth: number;
  readonly unsigned: JsonObject;
  readonly roomVersion: string;
  readonly isState: () => boolean;
  /** A copy of the event as its server signed it (the PDU), for an altered replacement in `check_event_allowed`. */
  readonly getDict: () => MutableJsonObject;
}

/**
 * The state of a room (`synapse.module_api.StateMap`). A handle: events are fetched when asked for, so a large room costs
 * nothing to a callback that does not look.
 *
 * @example
 * ```ts
 * import { type StateMap } from 'vesicle';
 * const nameOf = async (state: StateMap) => (await state.get('m.room.name', ''))?.content['name'];
 * ```
 */
export interface StateMap {
  /** The state event of this type and key, or undefined. */
  readonly get: (type: string, stateKey: string) => Promise<MatrixEvent | undefined>;
  /** All pairs of event type and state key. */
  readonly keys: () => Promise<readonly (readonly [type: string, stateKey: string])[]>;
  /** All events. */
  readonly all: () => Promise<readonly MatrixEvent[]>;
}
