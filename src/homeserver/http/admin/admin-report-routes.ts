import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import { parseStoredObject } from '../../../matrix/stored-json.js';
import type { StoredEvent, EventStore } from '../../store/event-store.js';
import type { EventReport, ReportPage, ReportQuery, ReportStore } from '../../store/report-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import { queryInteger, queryString } from '../server/query.js';
import { adminEndpoints } from './admin-request.js';
import { pathParam } from '../client/room-request.js';
import type { Call, Route } from '../server/route.js';
import type { RoomUsers } from '../../rooms/model/room-users.js';
import type { RoomEvents } from '../../rooms/model/room-events.js';
import type { RoomSummaries } from '../../rooms/reading/room-summary.js';
import type { ClientEvents } from '../../rooms/timeline/client-events.js';

interface RoomParts {
  readonly users: RoomUsers;
  readonly eventStore: EventStore;
  readonly events: RoomEvents;
  readonly summaries: RoomSummaries;
  readonly clientEvents: ClientEvents;
}

/** What users reported, for administrators (`rest/admin/event_reports.py`, `user_reports.py`), and single events (`events.py`). */
export function adminReportRoutes(services: RoomParts, reports: ReportStore): Route[] {
  return [...eventReportRoutes(services, reports), ...userReportRoutes(services, reports), fetchEventRoute(services)];
}

function eventReportRoutes(services: RoomParts, reports: ReportStore): Route[] {
  const route = adminEndpoints(services.users);
  const one = '/v1/event_reports/:reportId';
  return [
    route('GET', '/v1/event_reports', (call) => {
      const query = queryOf(call);
      const page = reports.events(query);
      const described = page.reports.map((report) => describeEventReport(services, report));
      return { event_reports: described, ...totalOf(query, page) };
    }),
    route('GET', one, (call) => {
      const report = reports.findEvent(reportIdIn(call));
      const event = report === undefined ? undefined : services.eventStore.find(report.event_id);
      if (report === undefined || event === undefined) throw new NotFoundError('Event report not found');
      return { ...describeEventReport(services, report), event_json: stored(event) };
    }),
    route('DELETE', one, (call) => {
      if (!reports.delete('event_reports', reportIdIn(call))) throw new NotFoundError('Event report not found');
      return {};
    }),
  ];
}

function userReportRoutes(services: RoomParts, reports: ReportStore): Route[] {
  const route = adminEndpoints(services.users);
  const one = '/v1/user_reports/:reportId';
  return [
    route('GET', '/v1/user_reports', (call) => {
      const query = queryOf(call);
      const page = reports.users(query);
      return { user_reports: page.reports.map((report) => ({ ...report })), ...totalOf(query, page) };
    }),
    route('GET', one, (call) => {
      const report = reports.findUser(reportIdIn(call));
      if (report === undefined) throw new NotFoundError('User report not found');
      return { ...report };
    }),
    route('DELETE', one, (call) => {
      if (!reports.delete('user_reports', reportIdIn(call))) throw new NotFoundError('User report not found');
      return {};
    }),
  ];
}

/** An event as it was sent, redacted or not. */
function fetchEventRoute(services: RoomParts): Route {
  const route = adminEndpoints(services.users);
  return route('GET', '/v1/fetch_event/:eventId', async (call, admin) => {
    const event = services.events.original(pathParam(call, 'eventId'));
    if (event === undefined || event.metadata.isRejected === true) throw new NotFoundError('Event not found');
    const [shown] = await services.clientEvents.show([{ event }], { requester: admin, format: 'raw' });
    return { event: shown };
  });
}

function queryOf({ query }: Call): ReportQuery {
  return {
    start: queryInteger(query, 'from') ?? 0,
    limit: queryInteger(query, 'limit') ?? 100,
    isNewestFirst: queryString(query, 'dir', { allowed: ['b', 'f'] as const }) !== 'f',
    userId: queryString(query, 'user_id'),
    roomId: queryString(query, 'room_id'),
    sender: queryString(query, 'event_sender_user_id'),
    targetUserId: queryString(query, 'target_user_id'),
  };
}

function totalOf({ start, limit }: ReportQuery, { reports, total }: ReportPage<unknown>): JsonObject {
  return { total, ...(start + limit < total && { next_token: start + reports.length }) };
}

function describeEventReport({ summaries }: RoomParts, report: EventReport): JsonObject {
  const { content, ...rest } = report;
  const { score, reason } = parseStoredObject(content);
  const room = summaries.find(report.room_id);
  return {
    ...rest,
    score: score ?? null,
    reason: reason ?? null,
    canonical_alias: room?.canonicalAlias ?? null,
    name: room?.name ?? null,
  };
}

/** An event as Synapse stores it. */
function stored({ json, origin_server_ts: sentAt }: StoredEvent): JsonObject {
  return { ...parseStoredObject(json), unsigned: { age_ts: sentAt } };
}

function reportIdIn(call: Call): number {
  const text = pathParam(call, 'reportId');
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const message = 'The report_id parameter must be a string representing a positive integer.';
  throw new SynapseError(400, message, Codes.INVALID_PARAM);
}
