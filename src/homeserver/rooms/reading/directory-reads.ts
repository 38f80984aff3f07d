import type { RoomId } from '../../../matrix/ids.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import type { RoomEmitter } from '../model/room-emitter.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';

/**
 * Whether Synapse's user directory has looked at the rules of a room since its state changed last: it does when somebody joins
 * and when the room becomes public or private (`handlers/user_directory.py`). What it has read is found first by whoever asks
 * for state next (`storage/databases/main/state.py: _get_current_state_event_ids`).
 */
export class DirectoryReads {
  private readonly read = new BoundedCache<RoomId, boolean>(1000);

  constructor(
    private readonly events: RoomEvents,
    emitter: RoomEmitter,
  ) {
    emitter.on('stored', (stored) => {
      this.note(stored);
    });
  }

  /** Whether the join rules and the history visibility of a room were read since its state changed. */
  hasReadRules(roomId: RoomId): boolean {
    return this.read.get(roomId) === true;
  }

  private note(stored: readonly RoomEvent[]): void {
    const state = stored.filter((event) => event.stateKey !== undefined);
    const [first] = state;
    if (first !== undefined)
      this.read.set(
        first.roomId,
        state.some((event) => this.isReadFor(event)),
      );
  }

  private isReadFor(event: RoomEvent): boolean {
    const before = this.events.replacedBy(event);
    const changes = (key: string, value: string): boolean =>
      (event.content[key] === value) !== (before?.content[key] === value);
    switch (event.type) {
      case 'm.room.member':
        return event.membership === 'join' && before?.membership !== 'join';
      case 'm.room.join_rules':
        return changes('join_rule', 'public');
      case 'm.room.history_visibility':
        return changes('history_visibility', 'world_readable');
      default:
        return false;
    }
  }
}
