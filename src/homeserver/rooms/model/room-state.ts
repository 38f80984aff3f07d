import type { StateMap } from '../../../matrix/event.js';
import type { UserId } from '../../../matrix/ids.js';
import { compareText } from '../../parity/sort-order.js';
import { MemberIndex } from './member-index.js';
import { PowerLevels } from './power-levels.js';
import { isMemberEvent, type MemberEvent, type RoomEvent } from './room-event.js';
import type { RoomVersion } from './room-version.js';

/** Of the members of a room, by user ID: whatever else stands in the state key of a membership is refused. */
type Members = ReadonlyMap<UserId, RoomEvent>;

const nothing: ReadonlyMap<string, RoomEvent> = new Map();

const MEMBER = 'm.room.member';

/** The state of a room: one event for each pair of type and state key. */
export class RoomState {
  private readonly types = new Map<string, Map<string, RoomEvent>>();
  /** The types whose events a snapshot still shows: they are copied before they change. */
  private readonly shared = new Set<string>();
  private levels: PowerLevels | undefined;
  private count = 0;
  private members = new MemberIndex();

  constructor(
    readonly version: RoomVersion,
    events: Iterable<RoomEvent> = [],
  ) {
    for (const event of events) this.set(event);
  }

  /** How many events the state has. */
  get size(): number {
    return this.count;
  }

  /** Who has which power. */
  get powerLevels(): PowerLevels {
    return (this.levels ??= PowerLevels.of(this.version, this));
  }

  get(type: string, stateKey: string): RoomEvent | undefined {
    return this.types.get(type)?.get(stateKey);
  }

  /** The events of a type by state key. */
  ofType(type: typeof MEMBER): Members;
  ofType(type: string): ReadonlyMap<string, RoomEvent>;
  ofType(type: string): ReadonlyMap<string, RoomEvent> {
    return this.types.get(type) ?? nothing;
  }

  /** All events, types in the order in which the first of them came. */
  all(): RoomEvent[] {
    return [...this.types.values()].flatMap((events) => [...events.values()]);
  }

  /** All events in the order of type and state key. */
  sorted(): RoomEvent[] {
    return this.all().sort((a, b) => compareText(a.type, b.type) || compareText(a.stateKey ?? '', b.stateKey ?? ''));
  }

  /** The events of all other types, and the members among these users. */
  withMembers(userIds: Iterable<string>): RoomEvent[] {
    const events: RoomEvent[] = [];
    for (const [type, ofType] of this.types) if (type !== MEMBER) events.push(...ofType.values());
    for (const userId of userIds) {
      const member = this.get(MEMBER, userId);
      if (member !== undefined) events.push(member);
    }
    return events;
  }

  /** How many users have a membership. */
  countWith(membership: string): number {
    return this.members.count(membership);
  }

  /** The first few users with a membership, in the order in which they got it. */
  firstWith(membership: string): readonly RoomEvent[] {
    return this.members.firstWith(membership, this.ofType(MEMBER).values());
  }

  /** The event of a user's membership; undefined when the room knows nothing of them. */
  memberOf(userId: string): MemberEvent | undefined {
    const event = this.get(MEMBER, userId);
    return event !== undefined && isMemberEvent(event) ? event : undefined;
  }

  /** The membership of a user; undefined when the room knows nothing of them. */
  membershipOf(userId: string): string | undefined {
    return this.get(MEMBER, userId)?.membership;
  }

  /** The users with a membership. */
  usersWith(membership: string): UserId[] {
    const users: UserId[] = [];
    for (const [userId, event] of this.ofType(MEMBER)) if (event.membership === membership) users.push(userId);
    return users;
  }

  /** Puts a state event in its place. */
  set(event: RoomEvent): void {
    const key = event.stateKey ?? '';
    const events = this.writable(event.type);
    const before = events.get(key);
    if (before === undefined) this.count++;
    events.set(key, event);
    if (event.type === MEMBER) this.members.replace(before, event);
    if (event.type === 'm.room.power_levels' || event.type === 'm.room.create') this.levels = undefined;
  }

  /** Takes a member of the state away. */
  delete(type: string, stateKey: string): void {
    const before = this.get(type, stateKey);
    if (before === undefined) return;
    this.writable(type).delete(stateKey);
    this.count--;
    if (type === MEMBER) this.members.replace(before, undefined);
    this.levels = undefined;
  }

  /** The state as it is now, whatever happens to the room later. */
  snapshot(): RoomState {
    const copy = new RoomState(this.version);
    for (const [type, events] of this.types) {
      copy.types.set(type, events);
      copy.shared.add(type);
      this.shared.add(type);
    }
    copy.count = this.count;
    copy.members = this.members.copy();
    copy.levels = this.levels;
    return copy;
  }

  private writable(type: string): Map<string, RoomEvent> {
    const events = this.types.get(type);
    if (events !== undefined && !this.shared.delete(type)) return events;
    const own = new Map(events);
    this.types.set(type, own);
    return own;
  }
}

/** The state of a room as callbacks get it. */
export class StateHandle implements StateMap {
  constructor(private readonly state: RoomState) {}

  readonly get = async (type: string, stateKey: string): Promise<RoomEvent | undefined> =>
    this.state.get(type, stateKey);

  readonly keys = async (): Promise<readonly (readonly [type: string, stateKey: string])[]> =>
    this.state.all().map((event) => [event.type, event.stateKey ?? ''] as const);

  readonly all = async (): Promise<readonly RoomEvent[]> => this.state.all();
}
