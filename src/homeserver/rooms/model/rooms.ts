import type { EventId, RoomId, UserId } from '../../../matrix/ids.js';
import type { EventStore } from '../../store/event-store.js';
import type { RoomStore, StoredRoom } from '../../store/room-store.js';
import type { RoomEvents } from './room-events.js';
import { RoomState } from './room-state.js';
import { findRoomVersion, type RoomVersion } from './room-version.js';

/** An event that no other event follows yet. */
export interface Extremity {
  readonly eventId: EventId;
  readonly depth: number;
}

/** A room as it is now. */
export interface Room {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  /** Empty for rooms of other servers. */
  readonly creator: UserId | '';
  readonly state: RoomState;
  /** Changes with each event. */
  extremities: readonly Extremity[];
}

/** How many state events of how many rooms are kept in memory; the room used longest ago goes first. */
const maxStateEvents = 50_000;
const maxRooms = 1000;

/** The rooms of this server: those in use in memory, the others in the database. */
export class Rooms {
  private readonly loaded = new Map<string, Room>();

  constructor(
    private readonly store: RoomStore,
    private readonly events: RoomEvents,
    private readonly eventStore: EventStore,
  ) {}

  /** A room by its ID, or undefined. */
  find(roomId: string): Room | undefined {
    const room = this.loaded.get(roomId);
    if (room === undefined) return this.load(roomId);
    if (this.loaded.size > maxRooms / 2) {
      this.loaded.delete(room.roomId);
      this.loaded.set(room.roomId, room);
    }
    return room;
  }

  /** Stores a new room; false when the ID is taken. */
  create(roomId: RoomId, version: RoomVersion, creator: UserId | '', isPublic: boolean): boolean {
    return this.store.create({ room_id: roomId, version: version.id, creator, is_public: Number(isPublic) });
  }

  /** Forgets a room that is gone from the database. */
  drop(roomId: RoomId): void {
    const room = this.loaded.get(roomId);
    if (room !== undefined) this.loaded.delete(roomId);
    this.events.forgetAll();
  }

  private load(roomId: string): Room | undefined {
    const row = this.store.find(roomId);
    const version = findRoomVersion(row?.version);
    if (row === undefined || version === undefined) return undefined;
    const room: Room = {
      roomId: row.room_id,
      version,
      creator: row.creator,
      state: new RoomState(version, this.events.currentState(row.room_id)),
      extremities: this.extremitiesOf(row),
    };
    this.loaded.set(room.roomId, room);
    this.makeRoomFor(room);
    return room;
  }

  private extremitiesOf(row: StoredRoom): readonly Extremity[] {
    const listed = this.eventStore.extremities(row.room_id).map((id) => this.events.find(id));
    const events = listed.filter((event) => event !== undefined);
    const last = events.length > 0 ? events : this.events.read({ roomId: row.room_id, direction: 'b', limit: 1 });
    return last.map(({ eventId, depth }) => ({ eventId, depth }));
  }

  private makeRoomFor(kept: Room): void {
    let stateEvents = 0;
    for (const room of this.loaded.values()) stateEvents += room.state.size;
    for (const room of this.loaded.values()) {
      if (this.loaded.size <= maxRooms && stateEvents <= maxStateEvents) return;
      if (room === kept) continue;
      this.loaded.delete(room.roomId);
      stateEvents -= room.state.size;
    }
  }
}
