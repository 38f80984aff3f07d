import type { Hook } from '../../../dispatch/hook.js';
import type { JsonObject, JsonValue, MutableJsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { BundledRelations } from './bundled-relations.js';
import { selectFields } from '../model/event-fields.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';

/**
 * How an event is shown: as the oldest endpoints do (some of `unsigned` at the top too), as the newer ones do, as `/sync`
 * does (without the room ID), or as servers exchange it.
 */
export type ClientFormat = 'v1' | 'v2' | 'sync' | 'raw';

/** An event to be shown, with what the reader was in the room then. */
export interface ShownEvent {
  readonly event: RoomEvent;
  /** Absent where it was not worked out: state endpoints, admins. */
  readonly membership?: string;
}

/** How events are shown. */
export interface ShowOptions {
  /** Who reads: their device sees its transaction IDs. */
  readonly requester?: Requester;
  /** `v1` when absent. */
  readonly format?: ClientFormat;
  /** Relations by event ID. */
  readonly bundled?: ReadonlyMap<string, BundledRelations>;
  /** The `event_fields` of a filter. */
  readonly fields?: readonly string[];
}

const copiedToTop = ['age', 'redacted_because', 'replaces_state', 'prev_content'];

/** Shows events to clients (`events/utils.py: EventClientSerializer`). */
export class ClientEvents {
  private readonly extraFields: Hook<'add_extra_fields_to_unsigned_client_event', 'add_field_to_unsigned_callback'>;

  constructor(
    private readonly context: Pick<HomeserverContext, 'dispatch' | 'clock'>,
    private readonly events: RoomEvents,
  ) {
    this.extraFields = context.dispatch.hook(
      'add_extra_fields_to_unsigned_client_event',
      'add_field_to_unsigned_callback',
    );
  }

  /** The events as a client gets them; modules add to `unsigned`, each distinct event once. */
  async show(shown: readonly ShownEvent[], options: ShowOptions = {}): Promise<JsonObject[]> {
    const extra = await this.askModules(shown, options);
    const now = this.context.clock.now();
    return shown.map((item) => selectFields(this.write(item, options, extra, now), options.fields));
  }

  /** State events, for which no membership is worked out. */
  async showState(events: readonly RoomEvent[], options: ShowOptions = {}): Promise<JsonObject[]> {
    return this.show(
      events.map((event) => ({ event })),
      options,
    );
  }

  private async askModules(
    shown: readonly ShownEvent[],
    options: ShowOptions,
  ): Promise<ReadonlyMap<string, MutableJsonObject>> {
    const extra = new Map<string, MutableJsonObject>();
    if (!this.extraFields.isUsed) return extra;
    const distinct = new Map(shown.map(({ event }) => [event.eventId, event]));
    for (const { replace, thread } of options.bundled?.values() ?? []) {
      if (replace !== undefined) distinct.set(replace.eventId, replace);
      if (thread !== undefined) distinct.set(thread.latest.eventId, thread.latest);
    }
    for (const event of distinct.values()) extra.set(event.eventId, await this.extraFields.ask(event));
    return extra;
  }

  private write(
    { event, membership }: ShownEvent,
    options: ShowOptions,
    extra: ReadonlyMap<string, MutableJsonObject>,
    now: number,
  ): JsonObject {
    const { format = 'v1' } = options;
    const unsigned: Record<string, JsonValue | undefined> = {
      ...(extra.get(event.eventId) as JsonObject | undefined),
      age: now - event.originServerTs,
      ...this.previous(event),
      ...(membership !== undefined && { membership }),
      ...this.redaction(event, options, extra, now),
      ...sending(event, options.requester),
      ...this.relations(event, options, extra, now),
    };
    if (format === 'raw') return { ...event.signedPdu(), event_id: event.eventId, unsigned };
    const result: Record<string, JsonValue | undefined> = {
      content: contentOf(event),
      event_id: event.eventId,
      origin_server_ts: event.originServerTs,
      sender: event.sender,
      type: event.type,
      unsigned,
    };
    if (event.stateKey !== undefined) result['state_key'] = event.stateKey;
    if (event.redacts !== undefined) result['redacts'] = event.redacts;
    // The create event of version 12 on has no room ID of its own to take away.
    if (format !== 'sync' || (event.version.hasCreatorPower && event.type === 'm.room.create')) {
      result['room_id'] = event.roomId;
    }
    if (format === 'v1') {
      result['user_id'] = event.sender;
      for (const key of copiedToTop) if (unsigned[key] !== undefined) result[key] = unsigned[key];
    }
    return result;
  }

  private previous(event: RoomEvent): JsonObject {
    const { replaces } = event.metadata;
    if (replaces === undefined) return {};
    const before = this.events.find(replaces);
    return {
      replaces_state: replaces,
      ...(before !== undefined && { prev_content: before.content, prev_sender: before.sender }),
    };
  }

  private redaction(
    event: RoomEvent,
    options: ShowOptions,
    extra: ReadonlyMap<string, MutableJsonObject>,
    now: number,
  ): JsonObject {
    const { redactedBy } = event.metadata;
    if (redactedBy === undefined) return {};
    const because = this.events.find(redactedBy);
    return {
      redacted_by: redactedBy,
      ...(because !== undefined && { redacted_because: this.write({ event: because }, options, extra, now) }),
    };
  }

  private relations(
    event: RoomEvent,
    options: ShowOptions,
    extra: ReadonlyMap<string, MutableJsonObject>,
    now: number,
  ): JsonObject {
    const bundle = options.bundled?.get(event.eventId);
    if (bundle === undefined) return {};
    const { references, replace, thread } = bundle;
    const relations: Record<string, JsonValue> = {};
    if (references !== undefined) {
      relations['m.reference'] = { chunk: references.map((eventId) => ({ event_id: eventId })) };
    }
    if (replace !== undefined) relations['m.replace'] = this.write({ event: replace }, options, extra, now);
    if (thread !== undefined) {
      relations['m.thread'] = {
        latest_event: this.write({ event: thread.latest }, options, extra, now),
        count: thread.count,
        current_user_participated: thread.hasParticipated,
      };
    }
    return { 'm.relations': relations };
  }
}

/** A redaction names its target in both places, wherever its room version keeps it. */
function contentOf(event: RoomEvent): JsonObject {
  if (event.redacts === undefined || event.version.isUpdated) return event.content;
  return { ...event.content, redacts: event.redacts };
}

/** What only the sender learns of how an event was sent; its transaction ID only on the same device. */
function sending(event: RoomEvent, requester: Requester | undefined): JsonObject {
  const { txnId, deviceId, delayId } = event.metadata;
  if ((txnId ?? delayId) === undefined || requester?.userId !== event.sender) return {};
  const isSameDevice = deviceId !== undefined && deviceId === requester.deviceId;
  return {
    ...(txnId !== undefined && isSameDevice && { transaction_id: txnId }),
    ...(delayId !== undefined && { 'org.matrix.msc4140.delay_id': delayId }),
  };
}
