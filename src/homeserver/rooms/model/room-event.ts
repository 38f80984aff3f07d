import { deepFreeze } from '../../../matrix/deep-freeze.js';
import type { EventId, RoomId, UserId } from '../../../matrix/ids.js';
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type MutableJsonObject,
} from '../../../matrix/json.js';
import { ReadOnlyEvent } from '../../../matrix/read-only-event.js';
import { parseStoredObject } from '../../../matrix/stored-json.js';
import type { RoomVersion } from './room-version.js';

/** Makes the `signatures` of an event that this server built: Ed25519 gives the same each time, so they are made when asked for. */
export type EventSigner = (version: RoomVersion, pdu: JsonObject) => JsonObject;

/** What is stored beside an event and never leaves this server as it is. */
export interface EventMetadata {
  /** Transaction ID of the request that sent it, shown to the device that did. */
  readonly txnId?: string;
  readonly deviceId?: string;
  readonly accessTokenId?: number;
  /** The event had waited to be sent under this ID, shown to who sent it. */
  readonly delayId?: string;
  /** The state event that this one replaced. */
  readonly replaces?: EventId;
  /** Passed on to the invited or knocking user: stripped state of the room. */
  readonly strippedState?: readonly JsonValue[];
  /** Not part of the room's history here: an invite from elsewhere, or its rejection. */
  readonly isOutlier?: boolean;
  /** Failed the checks against the current state when it came in; kept, but never shown. */
  readonly isSoftFailed?: boolean;
  /** A module took it for spam when it came in: soft-failed for good. */
  readonly isSpam?: boolean;
  /** Failed the authorisation rules; kept only so that it is known. */
  readonly isRejected?: boolean;
  readonly redactedBy?: EventId;
}

/** What a room event is made from. */
export interface RoomEventParts {
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Canonical JSON of the event without `unsigned`, and without `signatures` when this server alone signs it. */
  readonly json: string;
  readonly metadata: EventMetadata;
  /** 0 until it is stored. */
  readonly position: number;
  readonly sign: EventSigner;
}

const nothing: JsonObject = {};

/** An event of a room: immutable, whoever holds it. */
export class RoomEvent extends ReadOnlyEvent {
  readonly #version: RoomVersion;
  readonly #json: string;
  readonly #sign: EventSigner;
  /** The event parsed; let go when nobody is likely to look soon. */
  #parsed: JsonObject | undefined;
  #metadata: EventMetadata;
  #position: number;

  constructor({ eventId, roomId, version, json, metadata, position, sign }: RoomEventParts) {
    const pdu = frozenJson(json);
    super({ eventId, roomId, roomVersion: version.id, pdu, redacts: redactsOf(pdu, version) });
    this.#version = version;
    this.#json = json;
    this.#sign = sign;
    this.#parsed = pdu;
    this.#metadata = metadata;
    this.#position = position;
  }

  get version(): RoomVersion {
    return this.#version;
  }

  /** Canonical JSON of the event without `unsigned`, and without `signatures` when this server alone signs it. */
  get json(): string {
    return this.#json;
  }

  /** What is stored beside the event. */
  get metadata(): EventMetadata {
    return this.#metadata;
  }

  /** Its number in the stream of changes, 0 until it is stored. */
  get position(): number {
    return this.#position;
  }

  /** The events before this one. */
  get prevEvents(): readonly EventId[] {
    return eventIds(this.pdu['prev_events']);
  }

  /** The events that authorise this one. */
  get authEvents(): readonly EventId[] {
    return eventIds(this.pdu['auth_events']);
  }

  /** The event as its server signed it, without `unsigned`; a copy. */
  signedPdu(): JsonObject {
    const { signatures, ...pdu } = parseStoredObject(this.#json);
    return { ...pdu, signatures: signatures ?? this.#sign(this.#version, this.pdu) };
  }

  getDict(): MutableJsonObject {
    return { ...this.signedPdu(), unsigned: structuredClone(this.unsigned) };
  }

  /** Adds to what is stored beside the event. */
  note(metadata: EventMetadata): void {
    this.#metadata = { ...this.#metadata, ...metadata };
  }

  /** Notes that the event was stored, and what was stored beside it. */
  markStored(position: number, metadata: EventMetadata): void {
    this.#position = position;
    this.#metadata = metadata;
    this.#parsed = undefined;
  }

  /** The event as its redaction leaves it. */
  redacted(json: string, by: EventId): RoomEvent {
    return this.copy(json, { ...this.#metadata, redactedBy: by });
  }

  /** The event with less in it. */
  pruned(json: string): RoomEvent {
    return this.copy(json, this.#metadata);
  }

  protected override readContent(): JsonObject {
    const { content } = this.pdu;
    return isJsonObject(content) ? content : nothing;
  }

  protected override readUnsigned(): JsonObject {
    const { replaces, strippedState } = this.metadata;
    return {
      age_ts: this.originServerTs,
      ...(replaces === undefined ? {} : { replaces_state: replaces }),
      ...(strippedState === undefined
        ? {}
        : { [this.membership === 'knock' ? 'knock_room_state' : 'invite_room_state']: strippedState }),
    };
  }

  private get pdu(): JsonObject {
    return (this.#parsed ??= frozenJson(this.#json));
  }

  private copy(json: string, metadata: EventMetadata): RoomEvent {
    const { eventId, roomId, version, position } = this;
    return new RoomEvent({ eventId, roomId, version, json, sign: this.#sign, position, metadata });
  }
}

function frozenJson(json: string): JsonObject {
  return deepFreeze(parseStoredObject(json));
}

function redactsOf(pdu: JsonObject, version: RoomVersion): string | undefined {
  if (pdu['type'] !== 'm.room.redaction') return undefined;
  const keeper = version.isUpdated ? pdu['content'] : pdu;
  const redacts = isJsonObject(keeper) ? keeper['redacts'] : undefined;
  return typeof redacts === 'string' ? redacts : undefined;
}

/** A membership of a user, whose ID is the state key. */
export type MemberEvent = RoomEvent & { readonly stateKey: UserId };

/** Whether an event is a user's membership. */
export function isMemberEvent(event: RoomEvent): event is MemberEvent {
  return event.type === 'm.room.member' && event.stateKey !== undefined;
}

/** The membership that a member event gives; `leave` when it gives none. */
export function membershipOf(event: { readonly membership?: string } | undefined): string | undefined {
  return event === undefined ? undefined : (event.membership ?? 'leave');
}

function eventIds(value: JsonValue | undefined): readonly EventId[] {
  if (!isJsonArray(value)) return [];
  // Room versions 1 and 2 pair each ID with a hash.
  return value.map((item) => (isJsonArray(item) ? item[0] : item) as EventId);
}

/** The order in which events of one room were made, whichever way it branched; those of one depth as they came in. */
export function compareByDepth(one: RoomEvent, other: RoomEvent): number {
  return one.depth - other.depth || one.position - other.position;
}
