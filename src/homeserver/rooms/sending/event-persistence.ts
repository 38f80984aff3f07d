import type { EventId, RoomId } from '../../../matrix/ids.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { EventStore } from '../../store/event-store.js';
import type { RelationStore } from '../../store/relation-store.js';
import type { StateStore } from '../../store/state-store.js';
import { relationOf } from '../model/relation.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import {
  type EventMetadata,
  isMemberEvent,
  type MemberEvent,
  membershipOf,
  type RoomEvent,
} from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import type { RoomState } from '../model/room-state.js';
import type { Extremity, Room, Rooms } from '../model/rooms.js';

/** What an event makes of a room that did not end where it was made, or that another server sent it into. */
export interface ReceivedOutcome {
  /** The state before the event, where it was made. */
  readonly before: RoomState;
  /** The room's state from now on; undefined: as it is. */
  readonly state?: RoomState;
  readonly extremities: readonly Extremity[];
  /** The event does not follow all that came before it. */
  readonly isFork: boolean;
  /** The state after the event, where it is not the room's. */
  readonly branch?: RoomState;
  /** A redaction takes the content of its target away. */
  readonly appliesRedaction: boolean;
}

/** An event to be stored, and what it makes of its room. */
export interface EventWithOutcome {
  readonly event: RoomEvent;
  readonly outcome: ReceivedOutcome;
}

/** Stores accepted events, and brings the room in memory up to date. */
export class EventPersistence {
  private forgottenAt = 0;

  constructor(
    private readonly context: Pick<HomeserverContext, 'database' | 'stream' | 'clock'>,
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly stores: {
      readonly events: EventStore;
      readonly states: StateStore;
      readonly relations: RelationStore;
    },
    private readonly emitter: RoomEmitter,
  ) {}

  /** Stores events of one room in one transaction, in order. */
  store(roomId: RoomId, events: readonly RoomEvent[]): void {
    const room = this.rooms.find(roomId);
    if (room === undefined) throw new Error(`There is no room ${roomId}`);
    const extremities = events.reduce(follow, room.extremities);
    const stored = this.context.database.transaction(() => {
      const replaced = new Map<string, EventId>();
      const noted = events.map((event) => this.insert(room, event, replaced));
      if (extremities.length > 1 || room.extremities.length > 1) {
        this.stores.events.setExtremities(roomId, extremities.length > 1 ? extremities.map((e) => e.eventId) : []);
      }
      return noted;
    });
    for (const [index, event] of events.entries()) {
      const note = stored[index];
      if (note === undefined) continue;
      event.markStored(note.position, note.metadata);
      this.events.remember(event);
      if (event.isState()) room.state.set(event);
      if (event.redacts !== undefined) this.showRedaction(room, event.redacts, event.eventId);
    }
    room.extremities = extremities;
    this.forgetOldTransactions();
    this.emitter.tell('stored', events);
  }

  /** Stores an event that is not part of the room's history here; a membership counts all the same when it is `isMembership`. */
  storeOutlier(event: RoomEvent, isMembership: boolean): void {
    const metadata: EventMetadata = { ...event.metadata, isOutlier: true };
    const position = this.context.database.transaction(() => {
      const next = this.context.stream.next();
      this.insertRow(event, next, metadata, true);
      if (isMembership && isMemberEvent(event)) this.insertMembership(event.roomId, event, next);
      return next;
    });
    event.markStored(position, metadata);
    this.events.remember(event);
    if (isMembership) this.emitter.tell('stored', [event]);
  }

  /** Stores events, and what each makes of the room, in one transaction. */
  storeOutcomes(room: Room, items: readonly EventWithOutcome[]): void {
    const stored = this.context.database.transaction(() => {
      let before = room.state;
      return items.map(({ event, outcome }) => {
        const changes = outcome.state === undefined ? [] : changesOf(before, outcome.state);
        before = outcome.state ?? before;
        return { ...this.insertOutcome(room, event, outcome, changes), event, outcome, changes };
      });
    });
    for (const { event, outcome, changes, position, metadata } of stored) {
      event.markStored(position, metadata);
      this.events.remember(event);
      for (const { type, stateKey, event: now } of changes) {
        if (now === undefined) room.state.delete(type, stateKey);
        else room.state.set(now);
      }
      if (outcome.appliesRedaction && event.redacts !== undefined) {
        this.showRedaction(room, event.redacts, event.eventId);
      }
      room.extremities = outcome.extremities;
    }
    const shown = items.map(({ event }) => event).filter((event) => !isHidden(event));
    if (shown.length > 0) this.emitter.tell('stored', shown);
  }

  /** Stores the state that a room of other servers has when somebody from here joins it. */
  storeState(room: Room, state: RoomState): void {
    const changes = changesOf(room.state, state);
    this.context.database.transaction(() => {
      this.applyChanges(room.roomId, changes, this.context.stream.next());
    });
    for (const { type, stateKey, event } of changes) {
      if (event === undefined) room.state.delete(type, stateKey);
      else room.state.set(event);
    }
  }

  private insertOutcome(
    room: Room,
    event: RoomEvent,
    outcome: ReceivedOutcome,
    changes: readonly StateDifference[],
  ): { readonly position: number; readonly metadata: EventMetadata } {
    const { states, events } = this.stores;
    const position = this.context.stream.next();
    const metadata = isHidden(event) ? event.metadata : withReplaced(outcome.before, event, new Map());
    events.removeOutlier(event.eventId);
    this.insertRow(event, position, metadata, isHidden(event));
    this.applyChanges(room.roomId, changes, position);
    if (!isHidden(event)) this.insertRelation(event, position);
    const { branch, isFork } = outcome;
    if (branch !== undefined || isFork) states.setBranch(room.roomId, event.eventId, branch && idsOf(branch));
    if (outcome.appliesRedaction && event.redacts !== undefined) events.setRedactedBy(event.redacts, event.eventId);
    this.insertTransaction(event, metadata);
    const ends = outcome.extremities.map((extremity) => extremity.eventId);
    // A single one is the room's newest event, and is not listed.
    events.setExtremities(room.roomId, ends.length > 1 ? ends : []);
    return { position, metadata };
  }

  private insertTransaction(event: RoomEvent, { txnId, deviceId }: EventMetadata): void {
    if (txnId === undefined || deviceId === undefined) return;
    const row = { room_id: event.roomId, event_id: event.eventId };
    this.stores.events.addTransaction(event.sender, deviceId, txnId, row, this.context.clock.now());
  }

  private applyChanges(roomId: RoomId, changes: readonly StateDifference[], position: number): void {
    for (const { type, stateKey, event } of changes) {
      if (event === undefined) {
        this.stores.states.remove(roomId, type, stateKey, position);
        continue;
      }
      this.stores.states.set(roomId, { type, state_key: stateKey, event_id: event.eventId }, position);
      if (isMemberEvent(event)) this.insertMembership(roomId, event, position);
    }
  }

  private insert(
    room: Room,
    event: RoomEvent,
    replaced: Map<string, EventId>,
  ): { readonly position: number; readonly metadata: EventMetadata } {
    const position = this.context.stream.next();
    const metadata = withReplaced(room.state, event, replaced);
    this.insertRow(event, position, metadata, false);
    this.insertState(event, position);
    this.insertRelation(event, position);
    if (event.redacts !== undefined) this.stores.events.setRedactedBy(event.redacts, event.eventId);
    this.insertTransaction(event, metadata);
    return { position, metadata };
  }

  private insertState(event: RoomEvent, position: number): void {
    if (event.stateKey === undefined) return;
    const { roomId, type, stateKey, eventId } = event;
    this.stores.states.set(roomId, { type, state_key: stateKey, event_id: eventId }, position);
    if (isMemberEvent(event)) this.insertMembership(roomId, event, position);
  }

  private insertMembership(roomId: RoomId, event: MemberEvent, position: number): void {
    this.stores.states.setMembership({
      user_id: event.stateKey,
      room_id: roomId,
      membership: membershipOf(event) ?? 'leave',
      event_id: event.eventId,
      position,
    });
  }

  private insertRow(event: RoomEvent, position: number, metadata: EventMetadata, isHidden: boolean): void {
    this.stores.events.insert({
      position,
      event_id: event.eventId,
      room_id: event.roomId,
      type: event.type,
      state_key: event.stateKey ?? null,
      sender: event.sender,
      origin_server_ts: event.originServerTs,
      json: event.json,
      metadata: Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata),
      is_hidden: Number(isHidden),
      redacted_by: null,
      contains_url: Number(typeof event.content['url'] === 'string'),
    });
  }

  private insertRelation(event: RoomEvent, position: number): void {
    const relation = relationOf(event.content);
    if (relation === undefined) return;
    this.stores.relations.insert({
      parent_id: relation.parentId,
      position,
      event_id: event.eventId,
      room_id: event.roomId,
      rel_type: relation.type,
      type: event.type,
      sender: event.sender,
      aggregation_key: relation.key ?? null,
    });
  }

  private showRedaction(room: Room, target: EventId, by: EventId): void {
    const event = this.events.find(target);
    if (event === undefined) return;
    this.stores.relations.remove(target);
    const redacted = event.metadata.redactedBy === by && event.position > 0 ? event : this.events.redact(event, by);
    const current = redacted.stateKey === undefined ? undefined : room.state.get(redacted.type, redacted.stateKey);
    if (current?.eventId === target) room.state.set(redacted);
  }

  private forgetOldTransactions(): void {
    const now = this.context.clock.now();
    if (now - this.forgottenAt < 3_600_000) return;
    this.forgottenAt = now;
    this.stores.events.forgetTransactions(now - 86_400_000);
  }
}

/** Kept, but not part of the history that anybody sees. */
function isHidden({ metadata }: RoomEvent): boolean {
  return metadata.isSoftFailed === true || metadata.isRejected === true;
}

function withReplaced(before: RoomState, event: RoomEvent, replaced: Map<string, EventId>): EventMetadata {
  if (event.stateKey === undefined) return event.metadata;
  const key = JSON.stringify([event.type, event.stateKey]);
  const replaces = replaced.get(key) ?? before.get(event.type, event.stateKey)?.eventId;
  replaced.set(key, event.eventId);
  return replaces === undefined ? event.metadata : { ...event.metadata, replaces };
}

/** One member of the state that changes; no event: it goes away. */
interface StateDifference {
  readonly type: string;
  readonly stateKey: string;
  readonly event: RoomEvent | undefined;
}

function changesOf(before: RoomState, after: RoomState): StateDifference[] {
  const changes: StateDifference[] = [];
  for (const event of after.all()) {
    const { type, stateKey = '' } = event;
    if (before.get(type, stateKey)?.eventId !== event.eventId) changes.push({ type, stateKey, event });
  }
  for (const { type, stateKey = '' } of before.all()) {
    if (after.get(type, stateKey) === undefined) changes.push({ type, stateKey, event: undefined });
  }
  return changes;
}

function idsOf(state: RoomState): readonly EventId[] {
  return state.all().map((event) => event.eventId);
}

/** The extremities after one more event. */
function follow(extremities: readonly Extremity[], event: RoomEvent): readonly Extremity[] {
  const { prevEvents, eventId, depth } = event;
  return [...extremities.filter((extremity) => !prevEvents.includes(extremity.eventId)), { eventId, depth }];
}
