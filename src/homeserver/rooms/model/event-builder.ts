import { randomBytes } from 'node:crypto';
import { checkNesting, encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import type { EventId, RoomId, ServerName, UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import { eventIdFromText, sha256, signedTextOf } from './event-hash.js';
import { redactContent } from './redaction.js';
import { type EventMetadata, type EventSigner, RoomEvent } from './room-event.js';
import type { RoomVersion } from './room-version.js';
import type { SigningKey } from './signing-key.js';

/** What is said in an event, before it takes its place in a room. */
export interface EventDraft {
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly stateKey?: string;
  readonly redacts?: EventId;
  /** Milliseconds since 1970; now when absent. */
  readonly originServerTs?: number;
}

/** The place of an event in its room's graph. */
export interface EventPlace {
  readonly version: RoomVersion;
  /** Absent for a create event whose hash becomes the room's ID. */
  readonly roomId?: RoomId;
  readonly prevEvents: readonly EventId[];
  readonly authEvents: readonly EventId[];
  readonly depth: number;
}

/** The largest depth that canonical JSON can hold. */
const maxDepth = Number.MAX_SAFE_INTEGER;
const hashesField = 'hashes';

/** Makes events of this server: hashes, ID, and a signature when somebody looks (`events/builder.py`). */
export class EventBuilder {
  readonly sign: EventSigner;
  /** The reference hashes of the newest events of room versions 1 and 2: others may follow them before they are stored. */
  private readonly hashes = new BoundedCache<EventId, string>(100);

  constructor(
    private readonly serverName: ServerName,
    key: SigningKey,
    private readonly now: () => number,
    /** The reference hash of a stored event: events of room versions 1 and 2 name others by ID and hash. */
    private readonly referenceHash: (eventId: EventId) => string,
  ) {
    this.sign = (version, pdu) => key.signatures(serverName, signedTextOf(version, pdu));
  }

  build(draft: EventDraft, place: EventPlace, metadata: EventMetadata = {}): RoomEvent {
    const { version } = place;
    checkNesting(draft.content);
    const fields = this.encodeFields(draft, place);
    const hashes = `{"sha256":"${sha256(join(fields), 'base64')}"}`;
    const json = join(fields, { [hashesField]: hashes });
    const eventId = this.eventIdFor(draft, place, fields, hashes);
    const roomId = place.roomId ?? (`!${eventId.slice(1)}` as RoomId);
    return new RoomEvent({ eventId, roomId, version, json, metadata, position: 0, sign: this.sign });
  }

  /** The members of the event in canonical order; `hashes` still empty. */
  private encodeFields(draft: EventDraft, place: EventPlace): Map<string, string> {
    const fields = new Map<string, string>();
    fields.set('auth_events', this.encodeEdges(place.version, place.authEvents));
    fields.set('content', encodeCanonicalJson(draft.content));
    fields.set('depth', String(Math.min(place.depth, maxDepth)));
    if (place.version.eventFormat === 1) fields.set('event_id', JSON.stringify(this.randomEventId()));
    fields.set(hashesField, '');
    fields.set('origin_server_ts', String(draft.originServerTs ?? this.now()));
    fields.set('prev_events', this.encodeEdges(place.version, place.prevEvents));
    if (draft.redacts !== undefined && !place.version.isUpdated) fields.set('redacts', JSON.stringify(draft.redacts));
    if (place.roomId !== undefined) fields.set('room_id', JSON.stringify(place.roomId));
    fields.set('sender', JSON.stringify(draft.sender));
    if (draft.stateKey !== undefined) fields.set('state_key', JSON.stringify(draft.stateKey));
    fields.set('type', JSON.stringify(draft.type));
    return fields;
  }

  private eventIdFor(
    draft: EventDraft,
    { version }: EventPlace,
    fields: ReadonlyMap<string, string>,
    hashes: string,
  ): EventId {
    const content = encodeCanonicalJson(redactContent(version, draft.type, draft.content));
    // Of the members that this server sets, redaction changes `content` and drops `redacts`.
    const signed = join(fields, { [hashesField]: hashes, content, redacts: '' });
    if (version.eventFormat !== 1) return eventIdFromText(version, signed);
    const eventId = JSON.parse(fields.get('event_id') ?? '""') as EventId;
    this.hashes.set(eventId, sha256(signed, 'base64'));
    return eventId;
  }

  private encodeEdges(version: RoomVersion, ids: readonly EventId[]): string {
    if (version.eventFormat !== 1) return JSON.stringify(ids);
    return encodeCanonicalJson(ids.map((id) => [id, { sha256: this.hashes.get(id) ?? this.referenceHash(id) }]));
  }

  private randomEventId(): string {
    return `$${randomBytes(14).toString('hex')}:${this.serverName}`;
  }
}

/** Writes an object of encoded members; those that are empty are left out. */
function join(fields: ReadonlyMap<string, string>, changes: Readonly<Record<string, string>> = {}): string {
  let text = '';
  for (const [key, encoded] of fields) {
    const value = changes[key] ?? encoded;
    if (value !== '') text += `${text === '' ? '' : ','}"${key}":${value}`;
  }
  return `{${text}}`;
}
