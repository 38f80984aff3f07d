import { encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import type { EventId, RoomId } from '../../../matrix/ids.js';
import { parseStoredObject } from '../../../matrix/stored-json.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import type { EventRange, EventSpan, EventStore, StoredEvent } from '../../store/event-store.js';
import type { HistoryRange } from '../../store/history-range.js';
import type { RoomStore } from '../../store/room-store.js';
import type { EventSelection } from '../../store/selected-events.js';
import type { StateStore } from '../../store/state-store.js';
import { redactPdu } from './redaction.js';
import { type EventMetadata, type EventSigner, RoomEvent } from './room-event.js';
import { RoomState } from './room-state.js';
import { findRoomVersion, type RoomVersion } from './room-version.js';

const noMetadata: EventMetadata = {};

/** Stored events, as objects; the newest ones from memory. */
export class RoomEvents {
  private readonly cache = new BoundedCache<string, RoomEvent>(1000);
  private readonly versions = new BoundedCache<string, RoomVersion>(1000);

  constructor(
    private readonly store: EventStore,
    private readonly states: StateStore,
    private readonly rooms: RoomStore,
    private readonly sign: EventSigner,
  ) {}

  /** An event by its ID, whatever became of it. */
  find(eventId: string): RoomEvent | undefined {
    const cached = this.cache.get(eventId);
    if (cached !== undefined) return cached;
    const row = this.store.find(eventId);
    return row === undefined ? undefined : this.fromRow(row);
  }

  /** Events by their IDs, in this order; those that are unknown are left out. */
  findAll(eventIds: readonly EventId[]): RoomEvent[] {
    const found = new Map<string, RoomEvent>();
    const missing: EventId[] = [];
    for (const id of eventIds) {
      const event = this.cache.get(id);
      if (event === undefined) missing.push(id);
      else found.set(id, event);
    }
    for (const row of this.store.findAll(missing)) found.set(row.event_id, this.fromRow(row));
    return eventIds.flatMap((id) => found.get(id) ?? []);
  }

  /** An event with the content it was sent with, redacted or not. */
  original(eventId: string): RoomEvent | undefined {
    const row = this.store.find(eventId);
    if (row === undefined) return undefined;
    const event = this.fromRow(row);
    return row.redacted_by === null ? event : event.redacted(row.json, row.redacted_by);
  }

  /** An event that clients may see. */
  findShown(eventId: string): RoomEvent | undefined {
    const event = this.find(eventId);
    return event === undefined || event.metadata.isRejected === true ? undefined : event;
  }

  /** Whether an event is a redaction of nothing that could be redacted: nobody is told of it, the room's members neither. */
  isWithheld(event: RoomEvent): boolean {
    if (event.type !== 'm.room.redaction' || event.redacts === undefined) return false;
    const target = this.findShown(event.redacts);
    return target === undefined || target.type === 'm.room.create' || target.roomId !== event.roomId;
  }

  /** Part of a room's history in the order in which it was stored, or the other way round. */
  read(range: EventRange): RoomEvent[] {
    return this.store.read(range).map((row) => this.fromRow(row));
  }

  /** Events of some rooms, the newest first. */
  readAmong(roomIds: Iterable<RoomId>, span: EventSpan): RoomEvent[] {
    return this.store.readAmong(roomIds, span).map((row) => this.fromRow(row));
  }

  /** Part of a room's history by depth, in order of reading; with a selection those events that are wanted. */
  readHistory(range: HistoryRange, selection?: EventSelection): RoomEvent[] {
    return this.store.readHistory(range, selection).map((row) => this.fromRow(row));
  }

  /** The events of the room's state now. */
  currentState(roomId: RoomId): RoomEvent[] {
    return this.store.currentState(roomId).map((row) => this.fromRow(row));
  }

  /** The state event of this type and key after the events up to a position. */
  stateAt(roomId: RoomId, position: number, type: string, stateKey: string): RoomEvent | undefined {
    const id = this.states.at(roomId, type, stateKey, position);
    return id === undefined ? undefined : this.find(id);
  }

  /** The whole state after the events up to a position. */
  allStateAt(roomId: RoomId, position: number): RoomState {
    const ids = this.states.allAt(roomId, position).map((entry) => entry.event_id);
    return new RoomState(this.versionOf(roomId), this.findAll(ids));
  }

  /** The state after an event that stands on a branch with a state of its own; undefined for others. */
  branchState(event: RoomEvent): RoomState | undefined {
    const ids = this.states.branch(event.roomId, event.eventId);
    return ids === undefined ? undefined : new RoomState(event.version, this.findAll(ids));
  }

  /** The whole state after an event, where it stands. */
  allStateAfter(event: RoomEvent): RoomState {
    return this.branchState(event) ?? this.allStateAt(event.roomId, event.position);
  }

  /** The state event that this one replaced. */
  replacedBy(event: RoomEvent): RoomEvent | undefined {
    return event.metadata.replaces === undefined ? undefined : this.find(event.metadata.replaces);
  }

  /** Keeps an event that was just stored. */
  remember(event: RoomEvent): void {
    this.cache.set(event.eventId, event);
  }

  /** The event with its content taken out, kept from now on. */
  redact(event: RoomEvent, by: EventId): RoomEvent {
    const redacted = event.redacted(redactedJson(event.version, event.json), by);
    this.cache.set(event.eventId, redacted);
    return redacted;
  }

  /** The event as it is shown when its sender was erased: without content, but not redacted by anybody. */
  pruned(event: RoomEvent): RoomEvent {
    return event.pruned(redactedJson(event.version, event.json));
  }

  /** Forgets everything of a room that was purged. */
  forgetAll(): void {
    this.cache.clear();
    this.versions.clear();
  }

  fromRow(row: StoredEvent): RoomEvent {
    const cached = this.cache.get(row.event_id);
    if (cached !== undefined) return cached;
    const version = this.versionOf(row.room_id);
    const metadata = row.metadata === null ? noMetadata : (JSON.parse(row.metadata) as EventMetadata);
    const event = new RoomEvent({
      eventId: row.event_id,
      roomId: row.room_id,
      version,
      json: row.redacted_by === null ? row.json : redactedJson(version, row.json),
      metadata: row.redacted_by === null ? metadata : { ...metadata, redactedBy: row.redacted_by },
      position: row.position,
      sign: this.sign,
    });
    this.cache.set(event.eventId, event);
    return event;
  }

  private versionOf(roomId: RoomId): RoomVersion {
    let version = this.versions.get(roomId);
    if (version === undefined) {
      version = findRoomVersion(this.rooms.find(roomId)?.version);
      if (version === undefined) throw new Error(`Room ${roomId} has no known version`);
      this.versions.set(roomId, version);
    }
    return version;
  }
}

function redactedJson(version: RoomVersion, json: string): string {
  return encodeCanonicalJson(redactPdu(version, parseStoredObject(json)));
}
