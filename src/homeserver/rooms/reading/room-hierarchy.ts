import { randomBytes } from 'node:crypto';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isOnServer, type UserId } from '../../../matrix/ids.js';
import { isStringArray, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { compareText } from '../../parity/sort-order.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import type { StateStore } from '../../store/state-store.js';
import { AuthError, NotFoundError } from '../../parity/synapse-errors.js';
import { readAllowed, type RestrictedJoins } from '../auth/restricted-joins.js';
import type { RoomEvent } from '../model/room-event.js';
import { present, type RoomSummaries, type RoomSummary } from './room-summary.js';
import type { Room, Rooms } from '../model/rooms.js';

/** What spaces are walked with. */
export interface RoomHierarchyParts {
  readonly context: Pick<HomeserverContext, 'serverName'>;
  readonly rooms: Rooms;
  readonly states: StateStore;
  readonly summaries: RoomSummaries;
  readonly restrictedJoins: RestrictedJoins;
}

/** How a space is walked. */
export interface HierarchyQuery {
  readonly suggestedOnly: boolean;
  readonly maxDepth?: number;
  readonly limit?: number;
  readonly from?: string;
  /** Everything is shown, whoever asks. */
  readonly asAdmin?: boolean;
}

interface QueueEntry {
  readonly roomId: string;
  readonly depth: number;
}

interface Session {
  readonly key: string;
  readonly queue: readonly QueueEntry[];
  readonly done: ReadonlySet<string>;
}

const maxRooms = 50;

/** Shows spaces with the rooms in them (`handlers/room_summary.py`). */
export class RoomHierarchy {
  private readonly sessions = new BoundedCache<string, Session>(100);

  constructor(private readonly parts: RoomHierarchyParts) {}

  /** A room and, where it is a space, the rooms below it. */
  walk(userId: UserId, roomId: string, query: HierarchyQuery): JsonObject {
    const { asAdmin = false, suggestedOnly, maxDepth = Infinity, limit = maxRooms } = query;
    const mayShow = (room: Room | undefined): room is Room =>
      room !== undefined && (asAdmin || this.isAccessible(room, userId));
    if (!asAdmin && !mayShow(this.localRoom(roomId))) {
      throw new AuthError(403, `User ${userId} not in room ${roomId}, and room previews are disabled`);
    }
    const key = JSON.stringify([userId, roomId, suggestedOnly, maxDepth, asAdmin]);
    const session = this.sessionFor(query.from, key) ?? { key, queue: [{ roomId, depth: 0 }], done: new Set() };
    const queue: QueueEntry[] = [...session.queue];
    const done = new Set(session.done);
    const found: JsonObject[] = [];
    while (found.length < Math.min(limit, maxRooms)) {
      const next = this.takeNext(queue, done, mayShow);
      if (next === undefined) break;
      const children = this.childrenOf(next.room, suggestedOnly);
      found.push({ ...this.describe(next.room), children_state: children.map(stripChild) });
      if (next.entry.depth < maxDepth) queue.push(...entriesBelow(next.entry, children));
    }
    return { rooms: found, ...(queue.length > 0 && { next_batch: this.keep({ key, queue, done }) }) };
  }

  /** Takes entries from the queue until one is a room that was not shown yet and may be. */
  private takeNext(
    queue: QueueEntry[],
    done: Set<string>,
    mayShow: (room: Room | undefined) => room is Room,
  ): { readonly entry: QueueEntry; readonly room: Room } | undefined {
    for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
      const room = done.has(entry.roomId) ? undefined : this.localRoom(entry.roomId);
      done.add(entry.roomId);
      if (mayShow(room)) return { entry, room };
    }
    return undefined;
  }

  /** One room in short: 404 for those who may not know of it. */
  summarize(userId: UserId | undefined, roomId: string, hosts: readonly string[]): JsonObject {
    const room = this.localRoom(roomId);
    if (room === undefined) {
      if (hosts.length === 0) throw new SynapseError(400, 'Missing via to query remote room');
      throw new NotFoundError('Room not found or is not accessible');
    }
    if (!this.isAccessible(room, userId)) throw new NotFoundError('Room not found or is not accessible');
    const membership = userId === undefined ? undefined : this.parts.states.membership(userId, room.roomId)?.membership;
    return { ...this.describe(room), ...(userId !== undefined && { membership: membership ?? 'leave' }) };
  }

  /** A room that somebody of this server is in. */
  private localRoom(roomId: string): Room | undefined {
    const room = this.parts.rooms.find(roomId);
    const { serverName } = this.parts.context;
    const isOurs = room?.state.usersWith('join').some((userId) => isOnServer(userId, serverName));
    return isOurs === true ? room : undefined;
  }

  private isAccessible(room: Room, userId: UserId | undefined): boolean {
    const { state, version } = room;
    const rule = state.get('m.room.join_rules', '')?.content['join_rule'];
    if (rule === 'public' || (version.allowsKnock && rule === 'knock')) return true;
    if (version.allowsKnockRestricted && rule === 'knock_restricted') return true;
    const visibility = state.get('m.room.history_visibility', '')?.content['history_visibility'];
    if (visibility === 'world_readable') return true;
    if (userId === undefined) return false;
    const membership = state.membershipOf(userId);
    if (membership === 'join' || membership === 'invite') return true;
    return this.parts.restrictedJoins.isAllowedIn(room, userId);
  }

  private describe(room: Room): JsonObject {
    const { summaries } = this.parts;
    const summary = summaries.areKept ? summaries.find(room.roomId) : undefined;
    return {
      room_id: room.roomId,
      room_version: room.version.id,
      world_readable: summary?.historyVisibility === 'world_readable',
      guest_can_join: summary?.guestAccess === 'can_join',
      ...(summary !== undefined && summarized(summary)),
      ...joinRuleOf(room),
    };
  }

  private childrenOf({ state }: Room, suggestedOnly: boolean): RoomEvent[] {
    if (state.get('m.room.create', '')?.content['type'] !== 'm.space') return [];
    return [...state.ofType('m.space.child').values()]
      .filter((event) => hasServers(event.content['via']))
      .filter((event) => !suggestedOnly || event.content['suggested'] === true)
      .sort(compareChildren);
  }

  private sessionFor(from: string | undefined, key: string): Session | undefined {
    if (from === undefined || from === '') return undefined;
    const session = this.sessions.get(from);
    if (session?.key === key) return session;
    throw new SynapseError(400, 'Unknown pagination token', Codes.INVALID_PARAM);
  }

  private keep(session: Session): string {
    const token = randomBytes(18).toString('base64url');
    this.sessions.set(token, session);
    return token;
  }
}

function summarized(summary: RoomSummary): JsonObject {
  return present({
    name: summary.name,
    topic: summary.topic,
    canonical_alias: summary.canonicalAlias,
    num_joined_members: summary.joinedMembers,
    avatar_url: summary.avatar,
    room_type: summary.roomType,
    encryption: summary.encryption,
  });
}

function joinRuleOf({ state }: Room): JsonObject {
  const rules = state.get('m.room.join_rules', '')?.content;
  const rule = rules?.['join_rule'];
  if (typeof rule !== 'string') return {};
  const allowed = rule.endsWith('restricted') ? readAllowed(rules?.['allow']).rooms : [];
  return { join_rule: rule, ...(allowed.length > 0 && { allowed_room_ids: allowed }) };
}

/** The rooms below one, the first on top of the stack. */
function entriesBelow({ depth }: QueueEntry, children: readonly RoomEvent[]): QueueEntry[] {
  return children.map((event) => ({ roomId: event.stateKey ?? '', depth: depth + 1 })).reverse();
}

function stripChild(event: RoomEvent): JsonObject {
  const { type, sender, content, originServerTs, stateKey = '' } = event;
  return { type, state_key: stateKey, content, sender, origin_server_ts: originServerTs };
}

function hasServers(via: JsonValue | undefined): boolean {
  return isStringArray(via) && via.length > 0;
}

/** Children with an order first, by it; then by age and ID. */
function compareChildren(a: RoomEvent, b: RoomEvent): number {
  const [left, right] = [orderOf(a), orderOf(b)];
  if (left !== right) {
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return compareText(left, right);
  }
  return a.originServerTs - b.originServerTs || compareText(a.stateKey ?? '', b.stateKey ?? '');
}

function orderOf(event: RoomEvent): string | undefined {
  const { order } = event.content;
  return typeof order === 'string' && /^[\x20-\x7e]{0,50}$/.test(order) ? order : undefined;
}
