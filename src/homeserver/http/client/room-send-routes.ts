import { randomBytes } from 'node:crypto';
import type { Hook } from '../../../dispatch/hook.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { EventId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { type EventRequest, suspended } from '../../rooms/sending/event-creation.js';
import type { RoomEvent } from '../../rooms/model/room-event.js';
import { ShadowBanError } from '../../rooms/sending/shadow-ban.js';
import { refuseSpam } from '../../rooms/sending/spam-refusal.js';
import { toUserId } from '../../rooms/model/untrusted-ids.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { queryInteger } from '../server/query.js';
import type { RequestTransactions } from './request-transactions.js';
import { eventIdIn, pathParam, roomIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { RoomEvents } from '../../rooms/model/room-events.js';
import type { Rooms } from '../../rooms/model/rooms.js';
import type { EventSender } from '../../rooms/sending/event-sender.js';
import type { Memberships } from '../../rooms/sending/memberships.js';
import type { DelayedEvents } from '../../rooms/sending/delayed-events.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly users: RoomUsers;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly sender: EventSender;
  readonly memberships: Memberships;
  readonly delayedEvents: DelayedEvents;
}

/** What a device sent is found in the database; only devices have transactions there. */
const isKept = (_call: Call, { deviceId }: Requester): boolean => deviceId === undefined;
/** Where the event is to be sent later, the milliseconds until then. */
const delayParam = 'org.matrix.msc4140.delay';

/** Endpoints that send events (`rest/client/room.py`). */
export function roomSendRoutes(services: RoomParts, transactions: RequestTransactions): Route[] {
  const requests = new SendRequests(services);
  const putState = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    return requests.putState(call, requester);
  };
  return [
    ...transactions.routes(
      '/rooms/:roomId/send/:eventType',
      (call, requester, txnId) => requests.send(call, requester, txnId),
      { isKept: (call, requester) => isKept(call, requester) || call.query.has(delayParam) },
    ),
    ...transactions.routes(
      '/rooms/:roomId/redact/:eventId',
      (call, requester, txnId) => requests.redact(call, requester, txnId),
      { allowGuest: false, isKept },
    ),
    { method: 'PUT', paths: clientPaths('/rooms/:roomId/state/:eventType', oldestVersions), handle: putState },
    {
      method: 'PUT',
      paths: clientPaths('/rooms/:roomId/state/:eventType/:stateKey', oldestVersions),
      handle: putState,
    },
  ];
}

class SendRequests {
  private readonly mayState: Hook<'spam_checker', 'user_may_send_state_event'>;

  constructor(private readonly services: RoomParts) {
    this.mayState = services.context.dispatch.hook('spam_checker', 'user_may_send_state_event');
  }

  async send(call: Call, requester: Requester, txnId?: string): Promise<Answer> {
    const content = await call.json();
    const request = {
      type: pathParam(call, 'eventType'),
      roomId: roomIdIn(call),
      sender: requester.userId,
      content,
      ...sentAt(call, requester),
    };
    const delayed = await this.delay(call, requester, request);
    if (delayed !== undefined) return delayed;
    const options = txnId === undefined ? {} : { txnId };
    return answerWith(() => this.services.sender.send(requester, request, options));
  }

  async putState(call: Call, requester: Requester): Promise<Answer> {
    const content = await call.json();
    const roomId = roomIdIn(call);
    const type = pathParam(call, 'eventType');
    const stateKey = pathParam(call, 'stateKey');
    const { userId } = requester;
    if (this.mayState.isUsed && !this.services.users.isAdmin(userId)) {
      const outcome = await this.mayState.ask(userId, roomId, type, stateKey, structuredClone(content));
      refuseSpam(outcome, 'You are not permitted to send the state event');
    }
    const request = { type, roomId, sender: userId, stateKey, content, ...sentAt(call, requester) };
    const delayed = await this.delay(call, requester, request);
    if (delayed !== undefined) return delayed;
    return answerWith(async () =>
      type === 'm.room.member' ? this.putMember(requester, request) : this.services.sender.send(requester, request),
    );
  }

  /** Keeps the event for later when the query says so. */
  private async delay(call: Call, requester: Requester, request: EventRequest): Promise<Answer | undefined> {
    const delay = queryInteger(call.query, delayParam);
    if (delay === undefined) return undefined;
    const { roomId, type, stateKey = null, originServerTs = null, content } = request;
    const wish = { roomId, type, stateKey, originServerTs, content, delay };
    return { delay_id: await this.services.delayedEvents.add(requester, wish) };
  }

  async redact(call: Call, requester: Requester, txnId?: string): Promise<Answer> {
    const body = await call.json();
    const roomId = roomIdIn(call);
    const redacts = eventIdIn(call);
    const { rooms, sender } = this.services;
    const sent = txnId === undefined ? undefined : sender.findSent(requester, roomId, txnId);
    if (sent !== undefined) return { event_id: sent.eventId };
    this.checkSuspended(requester, redacts);
    const room = rooms.find(roomId);
    if (room === undefined) throw new NotFoundError(`Could not find room_version for ${roomId}`);
    const isInContent = room.version.isUpdated;
    if (isInContent) checkCoherent(body, redacts);
    const request = {
      type: 'm.room.redaction',
      roomId,
      sender: requester.userId,
      content: isInContent ? { ...body, redacts } : body,
      ...(!isInContent && { redacts }),
    };
    const options = txnId === undefined ? {} : { txnId };
    return answerWith(() => sender.send(requester, request, options));
  }

  private checkSuspended(requester: Requester, redacts: EventId): void {
    const { users, events } = this.services;
    if (!users.isSuspended(requester.userId)) return;
    const target = events.find(redacts);
    if (target === undefined || target.sender === requester.userId) return;
    throw suspended('You can only redact your own events while account is suspended.');
  }

  private async putMember(
    requester: Requester,
    { roomId, stateKey, content, originServerTs }: EventRequest & { readonly stateKey: string },
  ): Promise<RoomEvent> {
    const membership = content['membership'];
    if (typeof membership !== 'string') throw new SynapseError(400, 'Invalid membership (must be a string)');
    const options = { content, ...(originServerTs !== undefined && { originServerTs }) };
    return this.services.memberships.update(requester, toUserId(stateKey), roomId, membership, options);
  }
}

function checkCoherent(body: JsonObject, redacts: EventId): void {
  if (!('redacts' in body) || body['redacts'] === redacts) return;
  throw new SynapseError(
    400,
    'Cannot provide a redacts value incoherent with the event_id of the URL parameter',
    Codes.INVALID_PARAM,
  );
}

/** Application services may say when an event was sent. */
function sentAt(call: Call, requester: Requester): { readonly originServerTs?: number } {
  if (requester.appServiceId === undefined) return {};
  const ts = queryInteger(call.query, 'ts');
  return ts === undefined ? {} : { originServerTs: ts };
}

/** The ID of what was sent; a shadow-banned user gets one that leads nowhere. */
async function answerWith(send: () => Promise<RoomEvent>): Promise<Answer> {
  try {
    const { eventId } = await send();
    return { event_id: eventId };
  } catch (error) {
    if (!(error instanceof ShadowBanError)) throw error;
    return { event_id: `$${randomBytes(32).toString('base64url')}` };
  }
}
