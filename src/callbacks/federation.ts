import type { MatrixEvent } from '../matrix/event.js';
import type { ServerName } from '../matrix/ids.js';
import { notification } from './notification.js';
import type { CombinationRules } from './rule.js';
import { loggedAsError } from './throws.js';

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

/**
 * Callbacks of the category `federation`.
 *
 * @example
 * ```ts
 * import { type FederationCallbacks } from 'vesicle';
 * const callbacks: FederationCallbacks = { on_event_delivered_over_federation: async () => {} };
 * ```
 */
export interface FederationCallbacks {
  /** Told after another server got events. */
  readonly on_event_delivered_over_federation: (delivery: FederationEventDelivery) => Promise<void>;
}

/** The rules of `federation` (`module_api/callbacks/federation.py`). */
export const federationRules = {
  on_event_delivered_over_federation: notification<FederationCallbacks['on_event_delivered_over_federation']>(
    ['delivery'],
    loggedAsError,
    'Another server got events.',
    'federation/sender/transaction_manager.py; federation/federation_server.py',
  ),
} satisfies CombinationRules<FederationCallbacks>;
