import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type UserId } from '../../../matrix/ids.js';
import type { ReportStore } from '../../store/report-store.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { text } from '../server/fields.js';
import { eventIdIn, roomIdIn, userIdIn } from './room-request.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';
import type { RoomStore } from '../../store/room-store.js';
import type { RoomHistory } from '../../rooms/timeline/room-history.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly users: RoomUsers;
  readonly limits: RateLimiters;
  readonly roomStore: RoomStore;
  readonly history: RoomHistory;
}

const maxReason = 1000;

/** Endpoints by which users report what they see (`rest/client/reporting.py`). */
export function reportRoutes(services: RoomParts, reports: ReportStore): Route[] {
  const endpoints = new ReportEndpoints(services, reports);
  return [
    { method: 'POST', paths: clientPaths('/rooms/:roomId/report/:eventId'), handle: endpoints.event },
    { method: 'POST', paths: clientPaths('/rooms/:roomId/report', ['v3']), handle: endpoints.room },
    { method: 'POST', paths: clientPaths('/users/:userId/report', ['v3']), handle: endpoints.user },
  ];
}

class ReportEndpoints {
  constructor(
    private readonly services: RoomParts,
    private readonly reports: ReportStore,
  ) {}

  readonly event = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const body = await call.json();
    const { reason = '', score = 0 } = body;
    if (typeof reason !== 'string') {
      throw new SynapseError(400, "Param 'reason' must be a string", Codes.BAD_JSON);
    }
    if (typeof score !== 'number' || !Number.isInteger(score))
      throw new SynapseError(400, "Param 'score' must be an integer", Codes.BAD_JSON);
    const roomId = roomIdIn(call);
    const eventId = eventIdIn(call);
    let sender: UserId | undefined;
    try {
      sender = this.services.history.event(requester, roomId, eventId)?.event.sender;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
    }
    if (sender === undefined) {
      throw new NotFoundError("Unable to report event: it does not exist or you aren't able to see it.");
    }
    this.reports.addEvent({
      received_ts: this.services.context.clock.now(),
      room_id: roomId,
      event_id: eventId,
      sender,
      user_id: requester.userId,
      content: JSON.stringify(body),
    });
    return {};
  };

  readonly room = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const reason = await this.reasonIn(call);
    const { limits, roomStore, context } = this.services;
    await limits.reports.check(requester);
    const roomId = roomIdIn(call);
    if (roomStore.find(roomId) === undefined) throw new NotFoundError('Room does not exist');
    const report = { received_ts: context.clock.now(), room_id: roomId, user_id: requester.userId, reason };
    this.reports.addRoom(report);
    return {};
  };

  readonly user = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const reason = await this.reasonIn(call);
    const { limits, users, context } = this.services;
    await limits.reports.check(requester);
    if (reason.length > maxReason) {
      throw new SynapseError(400, 'Reason must be less than 1000 characters', Codes.BAD_JSON);
    }
    const target = userIdIn(call);
    // Whether such a user exists is nobody's business.
    if (domainOf(target) !== context.serverName || !users.exists(target)) return {};
    const report = { received_ts: context.clock.now(), target_user_id: target, user_id: requester.userId, reason };
    this.reports.addUser(report);
    return {};
  };

  private async reasonIn(call: Call): Promise<string> {
    const body = await call.json();
    return text(body, 'reason');
  }
}
