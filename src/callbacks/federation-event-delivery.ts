import type { MatrixEvent } from '../matrix/event.js';
import type { ServerName } from '../matrix/ids.js';

/**
 * How events reached another server (`FederatedEventDeliveryMethod`).
 *
 * @example
 * ```ts
 * import { type FederatedEventDeliveryMethod } from 'vesicle';
 * const isPushed = (method: FederatedEventDeliveryMethod) => method === 'SEND';
 * ```
 */
export type FederatedEventDeliveryMethod =
  'SEND' | 'BACKFILL' | 'GET_MISSING_EVENTS' | 'EVENT' | 'EVENT_AUTH' | 'STATE' | 'SEND_JOIN';

/**
 * Events that another server got from this one (`FederationEventDeliveryEvent`).
 *
 * @example
 * ```ts
 * import { type FederationEventDelivery } from 'vesicle';
 * const count = (delivery: FederationEventDelivery) => delivery.events.length;
 * ```
 */
export interface FederationEventDelivery {
  readonly serverName: ServerName;
  readonly events: readonly MatrixEvent[];
  readonly method: FederatedEventDeliveryMethod;
}
