import type { RoomId } from '../../../matrix/ids.js';
import type { EventDraft } from '../model/event-builder.js';
import type { RoomEvent } from '../model/room-event.js';

/**
 * Events that modules are being asked about. What a module sends into the room meanwhile is younger, also within one
 * millisecond: state resolution takes the younger of two, and an ID decides between those of one time.
 */
export class AskedEvents {
  private readonly byRoom = new Map<RoomId, Set<RoomEvent>>();

  constructor(private readonly now: () => number) {}

  /** Does something for as long as which the event is asked about. */
  async during<Result>(event: RoomEvent, work: () => Promise<Result>): Promise<Result> {
    const { roomId } = event;
    const asked = this.byRoom.get(roomId) ?? new Set();
    this.byRoom.set(roomId, asked.add(event));
    try {
      return await work();
    } finally {
      asked.delete(event);
      if (asked.size === 0) this.byRoom.delete(roomId);
    }
  }

  /** The draft of an event for a room, with a time behind those that are being asked about and were made at this time. */
  behind<Draft extends EventDraft>(roomId: RoomId, draft: Draft): Draft {
    const asked = this.byRoom.get(roomId);
    if (asked === undefined || draft.originServerTs !== undefined) return draft;
    const now = this.now();
    const times = [...asked].map((event) => event.originServerTs).filter((time) => time - now < nearMs);
    const latest = Math.max(...times, -Infinity);
    return latest < now ? draft : { ...draft, originServerTs: latest + 1 };
  }
}

/** A time further ahead is not of this server's clock: a client gave it. */
const nearMs = 1000;
