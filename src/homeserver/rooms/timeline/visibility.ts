import type { UserId } from '../../../matrix/ids.js';
import type { StateStore } from '../../store/state-store.js';
import type { ShownEvent } from './client-events.js';
import { membershipOf, type RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';
import type { RoomUsers } from '../model/room-users.js';
import type { Rooms } from '../model/rooms.js';

/** How events are judged differently. */
export interface VisibilityOptions {
  /** The reader is not a member, and was none since these events. */
  readonly isPeeking?: boolean;
  /** Events that are shown whatever the history visibility says. */
  readonly alwaysInclude?: ReadonlySet<string>;
}

/** Looks up the state event of a type and key, as it was at some time. */
export type StateThen = (type: string, stateKey: string) => RoomEvent | undefined;

const visibilities = ['world_readable', 'shared', 'invited', 'joined'];
const memberships = ['join', 'invite', 'knock', 'leave', 'ban'];

/** Who may see which events (`visibility.py`). */
export class Visibility {
  constructor(
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly states: StateStore,
    private readonly users: RoomUsers,
  ) {}

  /** Those of the events that a user may see, with their membership then; without content where the sender was erased. */
  filter(userId: UserId, events: readonly RoomEvent[], options: VisibilityOptions = {}): ShownEvent[] {
    const ignored = this.users.ignoredBy(userId);
    const shown: ShownEvent[] = [];
    for (const event of events) {
      const item = this.check(userId, event, ignored, options);
      if (item !== undefined) shown.push(item);
    }
    return shown;
  }

  /** Whether a user may see the room's state after an event (`message.py: _user_can_see_state_at_event`). */
  maySeeState(userId: UserId, event: RoomEvent): boolean {
    const then = this.stateAfter(event);
    const membership = membershipOf(then('m.room.member', userId));
    if (membership === 'join') return true;
    const visibility = visibilityOf(then('m.room.history_visibility', ''));
    if (visibility === 'joined') return false;
    if (membership === 'invite') return true;
    if (visibility !== 'shared') return visibility === 'world_readable';
    return this.states.membership(userId, event.roomId)?.membership === 'join';
  }

  /** Looks up the state after an event, where it stands. */
  stateAfter(event: RoomEvent): StateThen {
    const { roomId, position } = event;
    const branch = this.events.branchState(event);
    if (branch !== undefined) return (type, stateKey) => branch.get(type, stateKey);
    const now = this.states.isBranched(roomId) ? undefined : this.rooms.find(roomId)?.state;
    return (type, stateKey) => {
      const current = now?.get(type, stateKey);
      if (current !== undefined && current.position <= position) return current;
      return this.events.stateAt(roomId, position, type, stateKey);
    };
  }

  private check(
    userId: UserId,
    event: RoomEvent,
    ignored: ReadonlySet<string>,
    options: VisibilityOptions,
  ): ShownEvent | undefined {
    if (isNeverShown(event, ignored) || this.events.isWithheld(event)) return undefined;
    const isOwnMembership = event.type === 'm.room.member' && event.stateKey === userId;
    if (event.metadata.isOutlier === true) {
      return isOwnMembership ? { event, membership: membershipOf(event) ?? 'leave' } : undefined;
    }
    const then = this.stateAfter(event);
    const seen = this.forMember(userId, event, then, options);
    if (seen === undefined || ringsEverybody(event, then)) return undefined;
    const member = isOwnMembership ? event : then('m.room.member', userId);
    return { event: seen, membership: membershipOf(member) ?? 'leave' };
  }

  private forMember(
    userId: UserId,
    event: RoomEvent,
    then: StateThen,
    options: VisibilityOptions,
  ): RoomEvent | undefined {
    if (options.alwaysInclude?.has(event.eventId) === true) return event;
    const isPeeking = options.isPeeking === true;
    const visibility = visibilityOf(then('m.room.history_visibility', ''));
    const isErased = this.users.isErased(event.sender);
    if (!isErased && isOpen(this.laxestVisibility(event, visibility), isPeeking)) return event;
    const membership = this.bestMembership(userId, event, then);
    if (membership === 'join') return event;
    if (!mayReadAs(membership, visibility, isPeeking)) return undefined;
    return isErased ? this.events.pruned(event) : event;
  }

  /** Events that change the visibility are judged by the laxer of the two. */
  private laxestVisibility(event: RoomEvent, visibility: string): string {
    if (event.type !== 'm.room.history_visibility') return visibility;
    const before = visibilityOf(this.events.replacedBy(event));
    return visibilities.indexOf(before) < visibilities.indexOf(visibility) ? before : visibility;
  }

  /** The user's membership then; for an event that changes it, the better of the two; `left` for one that ends it. */
  private bestMembership(userId: UserId, event: RoomEvent, then: StateThen): string | undefined {
    if (event.type !== 'm.room.member' || event.stateKey !== userId) {
      return membershipOf(then('m.room.member', userId));
    }
    const after = knownMembership(event);
    const before = knownMembership(this.events.replacedBy(event));
    if (after === 'leave' && (before === 'join' || before === 'invite')) return 'left';
    return memberships.indexOf(before) < memberships.indexOf(after) ? before : after;
  }
}

/** A call for everybody in a public room. */
function ringsEverybody(event: RoomEvent, then: StateThen): boolean {
  if (event.type !== 'm.call.invite' || event.isState()) return false;
  return then('m.room.join_rules', '')?.content['join_rule'] === 'public';
}

/** The history visibility that an event sets; `shared` when it sets none. */
function visibilityOf(event: RoomEvent | undefined): string {
  const value = event?.content['history_visibility'];
  return typeof value === 'string' && visibilities.includes(value) ? value : 'shared';
}

function isNeverShown(event: RoomEvent, ignored: ReadonlySet<string>): boolean {
  const { isSoftFailed, isRejected } = event.metadata;
  if (isSoftFailed === true || isRejected === true) return true;
  if (event.type === 'org.matrix.dummy_event' || event.type === 'm.room.aliases') return true;
  return !event.isState() && ignored.has(event.sender);
}

function isOpen(visibility: string, isPeeking: boolean): boolean {
  return visibility === 'world_readable' || (visibility === 'shared' && !isPeeking);
}

function mayReadAs(membership: string | undefined, visibility: string, isPeeking: boolean): boolean {
  if (membership === 'left') return true;
  if (visibility === 'joined') return false;
  if (visibility === 'invited') return membership === 'invite';
  return visibility !== 'shared' || !isPeeking;
}

function knownMembership(event: RoomEvent | undefined): string {
  const membership = event?.membership;
  return membership !== undefined && memberships.includes(membership) ? membership : 'leave';
}
