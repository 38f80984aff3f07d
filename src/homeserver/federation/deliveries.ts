import type { FederatedEventDeliveryMethod } from '../../callbacks/federation-event-delivery.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import type { Hook } from '../../dispatch/hook.js';
import type { ServerName } from '../../matrix/ids.js';
import type { RoomEvent } from '../rooms/model/room-event.js';

/** Tells modules which events other servers got (`module_api/callbacks/federation.py`). */
export class Deliveries {
  private readonly delivered: Hook<'federation', 'on_event_delivered_over_federation'>;

  constructor(dispatch: Dispatcher) {
    this.delivered = dispatch.hook('federation', 'on_event_delivered_over_federation');
  }

  async tell(
    serverName: ServerName,
    events: readonly RoomEvent[],
    method: FederatedEventDeliveryMethod,
  ): Promise<void> {
    if (!this.delivered.isUsed || events.length === 0) return;
    await this.delivered.ask({ serverName, events, method });
  }
}
