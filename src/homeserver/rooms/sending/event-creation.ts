import type { Hook } from '../../../dispatch/hook.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { AskedEvents } from './asked-events.js';
import { AuthError } from '../../parity/synapse-errors.js';
import type { EventBatch } from './event-batch.js';
import { placeIn } from './event-place.js';
import type { EventBuilder, EventDraft, EventPlace } from '../model/event-builder.js';
import { readReplacement } from './event-replacement.js';
import { checkCreate, validateDraft, validateEvent } from '../auth/event-validation.js';
import type { AuthState } from '../model/power-levels.js';
import { checkRelation } from '../auth/relation-rules.js';
import type { EventMetadata, RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import { RoomState, StateHandle } from '../model/room-state.js';
import type { RoomUsers } from '../model/room-users.js';
import type { RoomVersion } from '../model/room-version.js';
import { endsToFollow, type RoomGraph } from '../auth/room-graph.js';
import type { Extremity, Room, Rooms } from '../model/rooms.js';
import type { RelationStore } from '../../store/relation-store.js';

/** What somebody wants to send. */
export interface EventRequest extends EventDraft {
  readonly roomId: RoomId;
}

/** How one event is made differently. */
export interface CreateOptions {
  readonly txnId?: string;
  readonly delayId?: string;
  /** The event follows this batch rather than the room's newest event. */
  readonly batch?: EventBatch;
  /** The event follows these, whatever came into the room since. */
  readonly after?: readonly Extremity[];
}

/** What makes events. */
export interface EventCreationParts {
  readonly context: HomeserverContext;
  readonly rooms: Rooms;
  readonly events: RoomEvents;
  readonly relations: RelationStore;
  readonly users: RoomUsers;
  readonly builder: EventBuilder;
  readonly graph: RoomGraph;
}

/** Builds events and asks the modules whether they may be (`handlers/message.py: EventCreationHandler.create_event`). */
export class EventCreation {
  private readonly eventAllowed: Hook<'third_party_rules', 'check_event_allowed'>;

  readonly asked: AskedEvents;

  constructor(private readonly parts: EventCreationParts) {
    this.asked = new AskedEvents(parts.context.clock.now);
    this.eventAllowed = parts.context.dispatch.hook('third_party_rules', 'check_event_allowed');
  }

  /** An event for a room, complete and allowed by the modules; not yet checked against the authorisation rules. */
  async create(requester: Requester, request: EventRequest, options: CreateOptions = {}): Promise<RoomEvent> {
    this.checkSuspended(requester, request);
    const room = this.parts.rooms.find(request.roomId);
    if (room === undefined) throw new AuthError(403, 'Unknown room');
    if (request.type === 'm.room.create') checkCreate(request);
    validateDraft(request, request.roomId);
    if (request.type === 'm.room.create') this.checkIsFirst(room);
    const { batch, after = endsToFollow(room) } = options;
    const state = batch?.before ?? this.parts.graph.stateAt(room, after);
    const place = placeIn(room, request, batch ?? { state, ends: after });
    const draft = this.asked.behind(request.roomId, request);
    const built = this.parts.builder.build(draft, place, metadataFor(requester, options));
    const event = await this.askModules(built, state, (replacement) => this.rebuild(room, replacement, built));
    return this.validated(event, batch ?? state);
  }

  /** The create event of a room that has no ID before it is built (room version 12 on). */
  async createCreateEvent(
    requester: Requester,
    version: RoomVersion,
    content: JsonObject,
    originServerTs?: number,
  ): Promise<RoomEvent> {
    const draft: EventDraft = {
      type: 'm.room.create',
      sender: requester.userId,
      stateKey: '',
      content,
      ...(originServerTs !== undefined && { originServerTs }),
    };
    this.checkSuspended(requester, draft);
    validateDraft(draft, undefined);
    const place: EventPlace = { version, prevEvents: [], authEvents: [], depth: 1 };
    const metadata = metadataFor(requester, {});
    const built = this.parts.builder.build(draft, place, metadata);
    const event = await this.askModules(built, new RoomState(version), (replacement) =>
      this.parts.builder.build(readReplacement(replacement, built, this.parts.context.serverName), place, metadata),
    );
    return this.validated(event, new RoomState(version));
  }

  /** A membership in a room of which nothing else is known here. */
  async createOutOfBand(requester: Requester, draft: EventDraft, place: EventPlace): Promise<RoomEvent> {
    const metadata = metadataFor(requester, {});
    const built = this.parts.builder.build(draft, place, metadata);
    return this.askModules(built, new RoomState(place.version), (replacement) =>
      this.parts.builder.build(readReplacement(replacement, built, this.parts.context.serverName), place, metadata),
    );
  }

  private async askModules(
    event: RoomEvent,
    state: RoomState,
    rebuild: (replacement: JsonObject) => RoomEvent,
  ): Promise<RoomEvent> {
    if (!this.eventAllowed.isUsed) return event;
    const decision = await this.asked.during(event, () =>
      this.eventAllowed.ask(event, new StateHandle(state.snapshot())),
    );
    if (!decision.allowed) throw new SynapseError(403, 'This event is not allowed in this context', Codes.FORBIDDEN);
    return decision.replacement === null ? event : rebuild(decision.replacement);
  }

  private validated(event: RoomEvent, state: AuthState): RoomEvent {
    validateEvent(event, this.parts.context.serverName);
    checkRelation(event, this.parts.events, this.parts.relations);
    const joinRule = state.get('m.room.join_rules', '')?.content['join_rule'];
    if (event.type === 'm.call.invite' && joinRule === 'public') {
      throw new SynapseError(403, 'Call invites are not allowed in public rooms.', Codes.FORBIDDEN);
    }
    return event;
  }

  /** The event that a module put in the place of another; it follows what is stored, whatever the first one followed. */
  private rebuild(room: Room, replacement: JsonObject, original: RoomEvent): RoomEvent {
    const draft = readReplacement(replacement, original, this.parts.context.serverName);
    const ends = endsToFollow(room);
    const place = placeIn(room, draft, { ends, state: this.parts.graph.stateAt(room, ends) });
    return this.parts.builder.build(draft, place, original.metadata);
  }

  private checkIsFirst(room: Room): void {
    if (room.version.hasCreatorPower || room.extremities.length > 0) {
      throw new SynapseError(400, 'Cannot resend m.room.create event', Codes.INVALID_PARAM);
    }
  }

  private checkSuspended(requester: Requester, draft: EventDraft): void {
    const { context, users } = this.parts;
    if (requester.authenticatedEntity === context.serverName || !users.isSuspended(requester.userId)) return;
    if (draft.type === 'm.room.redaction') {
      const redacts = draft.redacts ?? draft.content['redacts'];
      const target = typeof redacts === 'string' ? this.parts.events.find(redacts) : undefined;
      if (target === undefined || target.sender === requester.userId) return;
      throw suspended('You can only redact your own events while account is suspended.');
    }
    if (draft.type !== 'm.room.member') {
      throw suspended('Sending messages while account is suspended is not allowed.');
    }
    if (draft.content['membership'] !== 'leave') {
      throw suspended('Changing membership while account is suspended is not allowed.');
    }
  }
}

/** 403 `M_USER_SUSPENDED`. */
export function suspended(message: string): SynapseError {
  return new SynapseError(403, message, Codes.USER_ACCOUNT_SUSPENDED);
}

function metadataFor(requester: Requester, options: CreateOptions): EventMetadata {
  const { deviceId } = requester;
  const { txnId, delayId } = options;
  return {
    ...(deviceId !== undefined && txnId !== undefined && { deviceId }),
    ...(txnId !== undefined && { txnId }),
    ...(delayId !== undefined && { delayId }),
  };
}
