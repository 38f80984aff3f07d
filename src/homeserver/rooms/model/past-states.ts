import type { RoomId } from '../../../matrix/ids.js';
import type { PastStateStore } from '../../store/past-state-store.js';
import type { RoomEvent } from './room-event.js';
import type { RoomEvents } from './room-events.js';
import type { Rooms } from './rooms.js';

/** The state of rooms after the events up to a position; the one in memory where nothing changed since. */
export class PastStates {
  constructor(
    private readonly rooms: Rooms,
    private readonly events: RoomEvents,
    private readonly store: PastStateStore,
  ) {}

  /** The whole state. */
  all(roomId: RoomId, position: number): readonly RoomEvent[] {
    const room = this.rooms.find(roomId);
    if (room !== undefined && this.isCurrent(roomId, position)) return room.state.all();
    return this.events.allStateAt(roomId, position).all();
  }

  /** The state without members, but with these: costs no more where there are many others. */
  withMembers(roomId: RoomId, position: number, userIds: ReadonlySet<string>): readonly RoomEvent[] {
    const room = this.rooms.find(roomId);
    if (room !== undefined && this.isCurrent(roomId, position)) return room.state.withMembers(userIds);
    return this.events.findAll(this.store.withMembers(roomId, position, [...userIds]));
  }

  /** The whole state after an event, where it stands. */
  after(event: RoomEvent): readonly RoomEvent[] {
    return this.events.branchState(event)?.all() ?? this.all(event.roomId, event.position);
  }

  /** The state after an event without members, but with these. */
  afterWithMembers(event: RoomEvent, userIds: ReadonlySet<string>): readonly RoomEvent[] {
    const branch = this.events.branchState(event);
    return branch?.withMembers(userIds) ?? this.withMembers(event.roomId, event.position, userIds);
  }

  private isCurrent(roomId: RoomId, position: number): boolean {
    return this.store.lastChange(roomId) <= position;
  }
}
