import type { Hook } from '../../dispatch/hook.js';
import type { UserId } from '../../matrix/ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import { RoomState, StateHandle } from '../rooms/model/room-state.js';
import type { Rooms } from '../rooms/model/rooms.js';

/** Tells modules, and then who waits for it, of an event from another server. The other server waits for the modules. */
export class EventNews {
  private readonly newEvent: Hook<'third_party_rules', 'on_new_event'>;

  constructor(
    private readonly context: HomeserverContext,
    private readonly rooms: Rooms,
  ) {
    this.newEvent = context.dispatch.hook('third_party_rules', 'on_new_event');
  }

  async tell(event: RoomEvent, users: readonly UserId[] = []): Promise<void> {
    try {
      if (this.newEvent.isUsed) {
        const state = this.rooms.find(event.roomId)?.state.snapshot() ?? new RoomState(event.version);
        await this.newEvent.ask(event, new StateHandle(state));
      }
    } finally {
      this.context.notifier.notify({ rooms: [event.roomId], users });
    }
  }
}
