import type { EventId } from '../../../matrix/ids.js';
import type { AuthState } from '../model/power-levels.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomState } from '../model/room-state.js';

/** Events built one after another, to be stored together: each is judged by the state that the ones before it make. */
export class EventBatch implements AuthState {
  readonly events: RoomEvent[] = [];
  private readonly changed = new Map<string, RoomEvent>();

  constructor(
    /** The state that the batch begins with. */
    readonly before: RoomState,
    /** The event that the first one follows. */
    private readonly last: { readonly eventId: EventId; readonly depth: number },
  ) {}

  get prevEvents(): readonly EventId[] {
    return [this.events.at(-1)?.eventId ?? this.last.eventId];
  }

  get depth(): number {
    return this.last.depth + this.events.length + 1;
  }

  get(type: string, stateKey: string): RoomEvent | undefined {
    return this.changed.get(keyOf(type, stateKey)) ?? this.before.get(type, stateKey);
  }

  add(event: RoomEvent): void {
    this.events.push(event);
    if (event.stateKey !== undefined) this.changed.set(keyOf(event.type, event.stateKey), event);
  }
}

function keyOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey]);
}
