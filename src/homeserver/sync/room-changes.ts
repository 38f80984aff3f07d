import type { RoomId, UserId } from '../../matrix/ids.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { CurrentMembership, Membership, StateStore } from '../store/state-store.js';

/** A room whose timeline a sync shows, as far as it is worked out before events are read. */
export interface RoomEntry {
  readonly roomId: RoomId;
  readonly section: 'join' | 'leave';
  readonly isNewlyJoined: boolean;
  /** The whole state is shown, not what changed of it. */
  readonly isFull: boolean;
  /** Events after this position are shown; undefined: the newest ones, however old. */
  readonly since: number | undefined;
  /** Where the last sync ended, for rooms that are shown from the beginning as well. */
  readonly lastSync: number | undefined;
  /** Events up to this position are shown. */
  readonly upTo: number;
}

/** The rooms of a sync (`handlers/sync.py: _RoomChanges`). */
export interface RoomChanges {
  readonly entries: readonly RoomEntry[];
  readonly invites: readonly RoomEvent[];
  readonly knocks: readonly RoomEvent[];
  readonly newlyJoined: ReadonlySet<RoomId>;
  readonly newlyLeft: ReadonlySet<RoomId>;
}

/** What one sync asks of the rooms. */
export interface RoomChangesQuestion {
  readonly userId: UserId;
  readonly since: number | undefined;
  readonly upTo: number;
  /** Whether invites of this user are shown. */
  readonly showsInvitesOf: (inviter: UserId) => boolean;
  /** Rooms that the user left by themselves are shown too. */
  readonly includeLeave: boolean;
  readonly isFullState: boolean;
  readonly isWanted: (roomId: RoomId) => boolean;
  /** The joined rooms in which anything happened since the last sync. */
  readonly changed: Iterable<RoomId>;
}

/** Sorts a user's rooms into those joined, left, invited to and knocked on. */
export class RoomChangesReader {
  constructor(
    private readonly states: StateStore,
    private readonly events: RoomEvents,
  ) {}

  read(question: RoomChangesQuestion): RoomChanges {
    if (question.since !== undefined) return this.readChanged(question, question.since);
    const memberships = this.states
      .membershipsOf(question.userId)
      .filter((row) => row.position <= question.upTo && question.isWanted(row.room_id));
    return this.readAll(question, memberships);
  }

  private readAll(question: RoomChangesQuestion, memberships: readonly CurrentMembership[]): RoomChanges {
    const kept = memberships.filter((row) => row.is_forgotten === 0);
    const joined = kept
      .filter((row) => row.membership === 'join')
      .map((row) => joinedEntry(question, row.room_id, true));
    const left = kept
      .filter((row) => isLeft(row) && this.isShownAtFirst(question, row))
      .map((row) => ({ ...joinedEntry(question, row.room_id, true), section: 'leave' as const, upTo: row.position }));
    return {
      entries: [...joined, ...left],
      invites: this.invitesAmong(question, kept),
      knocks: this.eventsOf(kept.filter((row) => row.membership === 'knock')),
      newlyJoined: new Set(),
      newlyLeft: new Set(),
    };
  }

  private readChanged(question: RoomChangesQuestion, since: number): RoomChanges {
    const changes = groupByRoom(
      this.states.membershipChanges(question.userId, since, question.upTo),
      question.isWanted,
    );
    const joined = this.states.joinedRooms.of(question.userId);
    const newlyJoined = new Set<RoomId>();
    const newlyLeft = new Set<RoomId>();
    const left: RoomEntry[] = [];
    const last: Membership[] = [];
    for (const [roomId, rows] of changes) {
      const hasJoined = rows.some((row) => row.membership === 'join');
      const hasOther = rows.some((row) => row.membership !== 'join');
      const wasJoined = this.wasJoined(question.userId, roomId, since);
      if (joined.has(roomId)) {
        if (hasOther || !wasJoined) newlyJoined.add(roomId);
        continue;
      }
      if (hasJoined && !wasJoined) newlyJoined.add(roomId);
      if (hasJoined || wasJoined) newlyLeft.add(roomId);
      const newest = rows.at(-1);
      if (newest === undefined) continue;
      last.push(newest);
      const leave = rows.filter(isLeft).at(-1);
      if (leave !== undefined && isLeft(newest)) left.push(leftEntry(roomId, since, leave, newlyJoined.has(roomId)));
    }
    return {
      entries: [...left, ...joinedEntries(question, joined, newlyJoined)],
      invites: this.invitesAmong(question, last),
      knocks: this.eventsOf(last.filter((row) => row.membership === 'knock')),
      newlyJoined,
      newlyLeft,
    };
  }

  /** Whom others put out is told so; who went by themselves knows. */
  private isShownAtFirst(question: RoomChangesQuestion, row: Membership): boolean {
    if (question.includeLeave || row.membership === 'ban') return true;
    return this.events.find(row.event_id)?.sender !== question.userId;
  }

  private wasJoined(userId: UserId, roomId: RoomId, position: number): boolean {
    return this.events.stateAt(roomId, position, 'm.room.member', userId)?.membership === 'join';
  }

  private invitesAmong(question: RoomChangesQuestion, rows: readonly Membership[]): RoomEvent[] {
    const invites = this.eventsOf(rows.filter((row) => row.membership === 'invite'));
    return invites.filter((event) => question.showsInvitesOf(event.sender));
  }

  private eventsOf(rows: readonly Membership[]): RoomEvent[] {
    return rows.map((row) => this.events.find(row.event_id)).filter((event) => event !== undefined);
  }
}

/** The joined rooms that are shown, in the order of joining. */
function joinedEntries(
  question: RoomChangesQuestion,
  joined: ReadonlySet<RoomId>,
  newlyJoined: ReadonlySet<RoomId>,
): readonly RoomEntry[] {
  const changed = new Set([...newlyJoined, ...question.changed]);
  if (changed.size === 0 && !question.isFullState) return [];
  return [...joined]
    .filter((roomId) => (question.isFullState || changed.has(roomId)) && question.isWanted(roomId))
    .map((roomId) => joinedEntry(question, roomId, newlyJoined.has(roomId)));
}

function joinedEntry(question: RoomChangesQuestion, roomId: RoomId, isFromStart: boolean): RoomEntry {
  const { since, upTo, isFullState } = question;
  return {
    roomId,
    section: 'join',
    isNewlyJoined: isFromStart && since !== undefined,
    isFull: isFromStart || isFullState,
    since: isFromStart ? undefined : since,
    lastSync: since,
    upTo,
  };
}

function leftEntry(roomId: RoomId, since: number, leave: Membership, isNewlyJoined: boolean): RoomEntry {
  return {
    roomId,
    section: 'leave',
    isNewlyJoined,
    isFull: isNewlyJoined,
    since,
    lastSync: since,
    upTo: leave.position,
  };
}

function isLeft(row: Membership): boolean {
  return row.membership === 'leave' || row.membership === 'ban';
}

function groupByRoom(
  rows: readonly Membership[],
  isWanted: (roomId: RoomId) => boolean,
): ReadonlyMap<RoomId, readonly Membership[]> {
  const groups = new Map<RoomId, Membership[]>();
  for (const row of rows) {
    if (!isWanted(row.room_id)) continue;
    const group = groups.get(row.room_id);
    if (group === undefined) groups.set(row.room_id, [row]);
    else group.push(row);
  }
  return groups;
}
