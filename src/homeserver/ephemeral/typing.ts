import type { RoomId, UserId } from '../../matrix/ids.js';
import type { Timer } from '../runtime/clock.js';
import type { HomeserverContext } from '../runtime/context.js';

interface TypingRoom {
  /** When each user's typing ends by itself. */
  readonly users: Map<UserId, Timer>;
  /** The number of the last change. */
  position: number;
}

/** Who is typing where (`handlers/typing.py`); nothing of it is stored. */
export class Typing implements Disposable {
  private readonly rooms = new Map<RoomId, TypingRoom>();
  /** The number of the last change anywhere. */
  private lastChange = 0;

  constructor(
    private readonly context: Pick<HomeserverContext, 'clock' | 'stream' | 'notifier'>,
    /** Told of everybody who begins or stops. */
    private readonly onChange: (roomId: RoomId, userId: UserId, isTyping: boolean) => void = () => {},
  ) {}

  start(roomId: RoomId, userId: UserId, timeoutMs: number): void {
    let room = this.rooms.get(roomId);
    if (room === undefined) this.rooms.set(roomId, (room = { users: new Map<UserId, Timer>(), position: 0 }));
    const running = room.users.get(userId);
    running?.cancel();
    room.users.set(
      userId,
      this.context.clock.after(timeoutMs, () => {
        this.stop(roomId, userId);
      }),
    );
    if (running !== undefined) return;
    this.changed(roomId, room);
    this.onChange(roomId, userId, true);
  }

  /** Also when a user leaves a room or sends a message. */
  stop(roomId: RoomId, userId: UserId): void {
    const room = this.rooms.get(roomId);
    const running = room?.users.get(userId);
    if (room === undefined || running === undefined) return;
    running.cancel();
    room.users.delete(userId);
    this.changed(roomId, room);
    this.onChange(roomId, userId, false);
  }

  /** Who types in a room, when that changed after a position. */
  changedSince(roomId: RoomId, position: number): readonly UserId[] | undefined {
    const room = this.rooms.get(roomId);
    return room === undefined || room.position <= position ? undefined : [...room.users.keys()];
  }

  /** The rooms in which that changed after a position. */
  roomsChangedAfter(position: number): readonly RoomId[] {
    if (this.lastChange <= position) return [];
    return [...this.rooms].filter(([, room]) => room.position > position).map(([roomId]) => roomId);
  }

  [Symbol.dispose](): void {
    for (const room of this.rooms.values()) for (const timer of room.users.values()) timer.cancel();
    this.rooms.clear();
  }

  private changed(roomId: RoomId, room: TypingRoom): void {
    room.position = this.context.stream.next();
    this.lastChange = room.position;
    this.context.notifier.notify({ rooms: [roomId] });
  }
}
