import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { type EventId, parseUserId, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import { isEventId } from '../../rooms/model/untrusted-ids.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { PresenceService } from '../../ephemeral/presence.js';
import { presenceContent } from '../../ephemeral/presence-transitions.js';
import { PRIVATE_RECEIPT, type Receipts } from '../../ephemeral/receipts.js';
import type { Typing } from '../../ephemeral/typing.js';
import { LimitExceededError } from '../../runtime/rate-limit-error.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import { compareByDepth } from '../../rooms/model/room-event.js';
import type { ReadMarkerRooms } from '../../sync/read-markers.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { type Answer, type Call, clientPaths, JsonAnswer, oldestVersions, type Route } from '../server/route.js';
import { roomIdIn } from './room-request.js';

/** What these endpoints need of rooms and account data. */
interface EphemeralRooms extends ReadMarkerRooms {
  readonly accountData: {
    readonly get: (userId: UserId, roomId: RoomId, type: string) => JsonObject | undefined;
    readonly set: (userId: UserId, roomId: RoomId, type: string, content: JsonObject) => Promise<void>;
  };
}

/** What these endpoints work with. */
export interface EphemeralRoutesDependencies {
  readonly context: HomeserverContext;
  readonly limiters: RateLimiters;
  readonly presence: PresenceService;
  readonly typing: Typing;
  readonly receipts: Receipts;
  readonly rooms: EphemeralRooms;
}

const RECEIPT_TYPES = ['m.read', PRIVATE_RECEIPT, 'm.fully_read'];

/** Typing, receipts and presence (`rest/client/{receipts,read_marker,presence}.py`, `RoomTypingRestServlet`). */
export function ephemeralRoutes(dependencies: EphemeralRoutesDependencies): Route[] {
  const endpoints = new EphemeralEndpoints(dependencies);
  const status = clientPaths('/presence/:userId/status', oldestVersions);
  return [
    { method: 'PUT', paths: clientPaths('/rooms/:roomId/typing/:userId', oldestVersions), handle: endpoints.typing },
    {
      method: 'POST',
      paths: clientPaths('/rooms/:roomId/receipt/:receiptType/:eventId'),
      handle: endpoints.receipt,
    },
    { method: 'POST', paths: clientPaths('/rooms/:roomId/read_markers'), handle: endpoints.readMarkers },
    { method: 'GET', paths: status, handle: endpoints.getPresence },
    { method: 'PUT', paths: status, handle: endpoints.setPresence },
  ];
}

class EphemeralEndpoints {
  constructor(private readonly dependencies: EphemeralRoutesDependencies) {}

  readonly typing = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const { typing, presence, rooms, context } = this.dependencies;
    const roomId = roomIdIn(call);
    const target = parseUserId(call.params['userId']);
    const body = await call.json();
    await presence.bump(requester.userId, requester.deviceId);
    const { timeout = 30_000, typing: isTyping } = body;
    if (typeof timeout !== 'number') throw new SynapseError(400, 'timeout must be a number', Codes.BAD_JSON);
    if (isTyping === undefined) throw new SynapseError(400, "Missing params: ['typing']", Codes.MISSING_PARAM);
    if (target.slice(target.indexOf(':') + 1) !== context.serverName) {
      throw new SynapseError(400, 'User is not hosted on this homeserver');
    }
    if (target !== requester.userId) throw new AuthError(400, "Cannot set another user's typing state");
    if (requester.shadowBanned) return {};
    rooms.checkJoined(requester, roomId);
    if (isTyping === true) typing.start(roomId, target, Math.min(Math.max(timeout, 0), 120_000));
    else typing.stop(roomId, target);
    return {};
  };

  readonly receipt = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const { receiptType = '', eventId = '' } = call.params;
    const roomId = roomIdIn(call);
    if (!/^!./s.test(roomId) || !isEventId(eventId)) {
      throw new SynapseError(400, 'A valid room ID and event ID must be specified');
    }
    if (!RECEIPT_TYPES.includes(receiptType)) {
      throw new SynapseError(400, `Receipt type must be ${RECEIPT_TYPES.join(', ')}`);
    }
    const threadId = this.threadOf(await call.json(), receiptType, eventId);
    await this.dependencies.presence.bump(requester.userId, requester.deviceId);
    await this.setMarker(requester, roomId, receiptType, eventId, threadId);
    return {};
  };

  readonly readMarkers = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    await this.dependencies.presence.bump(requester.userId, requester.deviceId);
    const body = await call.json();
    const roomId = roomIdIn(call);
    for (const type of RECEIPT_TYPES) {
      const eventId = body[type];
      if (eventId === undefined || eventId === null || eventId === '') continue;
      if (typeof eventId !== 'string') throw new SynapseError(400, `${type} must be an event ID`, Codes.BAD_JSON);
      await this.setMarker(requester, roomId, type, eventId as EventId, undefined);
    }
    return {};
  };

  readonly getPresence = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const userId = parseUserId(call.params['userId']);
    const { presence, context } = this.dependencies;
    if (!presence.isEnabled) return { presence: 'offline' };
    if (userId !== requester.userId && !presence.isVisible(userId, requester.userId)) {
      throw new AuthError(403, 'You are not allowed to see their presence.');
    }
    return presenceContent(presence.stateOf(userId), context.clock.now());
  };

  readonly setPresence = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const userId = parseUserId(call.params['userId']);
    if (userId !== requester.userId) throw new AuthError(403, 'Can only set your own presence state');
    const { presence, limiters } = this.dependencies;
    try {
      await limiters.presencePerUser.check(requester);
    } catch (error) {
      if (!(error instanceof LimitExceededError)) throw error;
      const { errcode, additionalFields } = error;
      return new JsonAnswer(429, { errcode, error: 'Too many requests', ...(additionalFields as JsonObject) });
    }
    const body = await call.json();
    const { presence: state, status_msg: statusMsg, ...rest } = body;
    if (state === undefined) throw new SynapseError(400, 'Unable to parse state');
    if (statusMsg !== undefined && typeof statusMsg !== 'string') {
      throw new SynapseError(400, 'status_msg must be a string.');
    }
    if (Object.keys(rest).length > 0) throw new SynapseError(400, 'Unable to parse state');
    if (typeof state !== 'string') throw new SynapseError(400, 'Invalid presence state');
    await presence.set(userId, requester.deviceId, { presence: state, statusMsg: statusMsg ?? null });
    return {};
  };

  private async setMarker(
    requester: Requester,
    roomId: RoomId,
    type: string,
    eventId: EventId,
    threadId: string | undefined,
  ): Promise<void> {
    const { receipts, rooms } = this.dependencies;
    if (type === 'm.fully_read') {
      await this.setFullyRead(requester.userId, roomId, eventId);
      return;
    }
    const event = rooms.visibleEvent(requester.userId, roomId, eventId);
    if (event !== undefined) receipts.set(roomId, requester.userId, type, event, threadId);
  }

  /** The read marker is account data, and never goes back (`handlers/read_marker.py`). */
  private async setFullyRead(userId: UserId, roomId: RoomId, eventId: EventId): Promise<void> {
    const { rooms } = this.dependencies;
    const event = rooms.findIn(roomId, eventId);
    if (event === undefined) throw new SynapseError(404, `Could not find event ${eventId} in room ${roomId}`);
    const before = rooms.accountData.get(userId, roomId, 'm.fully_read')?.['event_id'];
    const placed = typeof before === 'string' ? rooms.findIn(roomId, before as EventId) : undefined;
    if (placed !== undefined && compareByDepth(placed, event) >= 0) return;
    await rooms.accountData.set(userId, roomId, 'm.fully_read', { event_id: eventId });
  }

  private threadOf(body: JsonObject, type: string, eventId: EventId): string | undefined {
    const { thread_id: threadId } = body;
    if (threadId === undefined) return undefined;
    if (typeof threadId !== 'string' || threadId === '') {
      throw new SynapseError(400, 'thread_id field must be a non-empty string', Codes.INVALID_PARAM);
    }
    if (type === 'm.fully_read') {
      throw new SynapseError(400, `thread_id is not compatible with ${type} receipts.`, Codes.INVALID_PARAM);
    }
    if (this.dependencies.rooms.threadOf(eventId, threadId !== 'main') !== threadId) {
      const message = `event_id ${eventId} is not related to thread ${threadId}`;
      throw new SynapseError(400, message, Codes.INVALID_PARAM);
    }
    return threadId;
  }
}
