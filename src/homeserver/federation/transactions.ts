import { failureOf } from '../../errors/failure.js';
import type { Hook } from '../../dispatch/hook.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { FederationStore } from '../store/federation-store.js';
import { type EventChecks, EventSignatureError } from './event-checks.js';
import type { IncomingEvents } from './incoming-events.js';
import { parseReceivedEvent } from './received-event.js';
import { checkServerAcl } from './room-guards.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { EventBuilder } from '../rooms/model/event-builder.js';
import type { Rooms } from '../rooms/model/rooms.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly builder: EventBuilder;
  readonly rooms: Rooms;
}

/** What passes between servers besides events, by its type. */
export type EduHandlers = ReadonlyMap<string, (origin: ServerName, content: JsonObject) => Promise<void>>;

/** A transaction as it came. */
export interface ReceivedTransaction {
  readonly origin: ServerName;
  readonly txnId: string;
  readonly content: JsonObject;
}

/** Status and body of an answer. */
export interface TransactionAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

const maxPdus = 50;
const maxEdus = 100;

/** Transactions of other servers (`federation/federation_server.py: on_incoming_transaction`). */
export class Transactions {
  private readonly shouldDrop: Hook<'spam_checker', 'should_drop_federated_event'>;
  private readonly active = new Map<ServerName, { readonly txnId: string; readonly answer: Promise<JsonObject> }>();

  constructor(
    private readonly services: RoomParts,
    private readonly store: FederationStore,
    private readonly checks: EventChecks,
    private readonly incoming: IncomingEvents,
    private readonly edus: EduHandlers,
    /** Told of every server that shows that it is there. */
    private readonly onContact: (origin: ServerName) => void,
  ) {
    this.shouldDrop = services.context.dispatch.hook('spam_checker', 'should_drop_federated_event');
  }

  /** Takes a transaction in; the same one again gets the same answer. */
  async receive(transaction: ReceivedTransaction): Promise<TransactionAnswer> {
    const { origin, txnId, content } = transaction;
    const { pdus = [], edus = [] } = content;
    this.onContact(origin);
    if (!isJsonArray(pdus) || !isJsonArray(edus)) {
      throw new SynapseError(400, 'Invalid transaction', Codes.BAD_JSON);
    }
    if (pdus.length > maxPdus || edus.length > maxEdus) return { status: 400, body: {} };
    const active = this.active.get(origin);
    if (active !== undefined) {
      if (active.txnId === txnId) return { status: 200, body: await active.answer };
      return { status: 429, body: { errcode: Codes.UNKNOWN.value, error: 'Too many concurrent transactions' } };
    }
    const answer = this.process(origin, txnId, pdus, edus);
    this.active.set(origin, { txnId, answer });
    try {
      return { status: 200, body: await answer };
    } finally {
      this.active.delete(origin);
    }
  }

  private async process(
    origin: ServerName,
    txnId: string,
    pdus: readonly JsonValue[],
    edus: readonly JsonValue[],
  ): Promise<JsonObject> {
    const before = this.store.findTransaction(origin, txnId);
    if (before !== undefined) return before;
    const results: Record<string, JsonObject> = {};
    for (const event of pdus.map((pdu) => this.parse(pdu))) {
      if (event !== undefined) results[event.eventId] = await this.processEvent(origin, event);
    }
    for (const edu of edus) await this.processEdu(origin, edu);
    const answer = { pdus: results };
    this.store.addTransaction(origin, txnId, answer, this.services.context.clock.now());
    return answer;
  }

  /** The event, or undefined for what is no event of a room known here: it is passed over in silence. */
  private parse(pdu: JsonValue): RoomEvent | undefined {
    const roomId = isJsonObject(pdu) ? pdu['room_id'] : undefined;
    const room = typeof roomId === 'string' ? this.services.rooms.find(roomId) : undefined;
    if (room === undefined) return undefined;
    try {
      return parseReceivedEvent(pdu, room.version, this.services.builder.sign);
    } catch (error) {
      if (error instanceof SynapseError) return undefined;
      throw error;
    }
  }

  private async processEvent(origin: ServerName, event: RoomEvent): Promise<JsonObject> {
    const { log } = this.services.context;
    try {
      checkServerAcl(this.services.rooms, event.roomId, origin);
    } catch (error) {
      if (error instanceof SynapseError) return error.toBody() as JsonObject;
      throw error;
    }
    try {
      const checked = await this.checks.check(event);
      if (this.shouldDrop.isUsed && Boolean(await this.shouldDrop.ask(checked))) return {};
      this.incoming.receive(origin, checked);
      return {};
    } catch (error) {
      if (error instanceof EventSignatureError) return { error: `ERROR 403: ${error.message}` };
      // What a module throws reaches the other server as text, in Synapse as well.
      log.error(`An event of ${origin} failed`, { eventId: event.eventId, err: error });
      return { error: pythonText(error) };
    }
  }

  private async processEdu(origin: ServerName, edu: JsonValue): Promise<void> {
    const type = isJsonObject(edu) ? edu['edu_type'] : undefined;
    const content = isJsonObject(edu) ? edu['content'] : undefined;
    if (typeof type !== 'string' || !isJsonObject(content)) {
      throw new SynapseError(400, 'Invalid transaction', Codes.BAD_JSON);
    }
    const roomId = type === 'm.typing' ? content['room_id'] : undefined;
    if (typeof roomId === 'string' && !this.mayTakePart(roomId, origin)) return;
    await this.edus.get(type)?.(origin, content);
  }

  private mayTakePart(roomId: string, origin: ServerName): boolean {
    try {
      checkServerAcl(this.services.rooms, roomId, origin);
      return true;
    } catch (error) {
      if (error instanceof SynapseError) return false;
      throw error;
    }
  }
}

/** An error as Python's `str` gives it. */
function pythonText(error: unknown): string {
  if (error instanceof SynapseError) return `${error.status}: ${error.message}`;
  return failureOf(error).message;
}
