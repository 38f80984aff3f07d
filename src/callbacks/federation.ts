import type { FederationEventDelivery } from './federation-event-delivery.js';
import { notification } from './notification.js';
import type { CombinationRules } from './rule.js';
import { loggedAsError } from './throws.js';

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
  on_event_delivered_over_federation: notification<FederationCallbacks['on_event_delivered_over_federation']>({
    args: { delivery: 'delivery' },
    throws: loggedAsError,
    summary: 'Another server got events.',
    source: 'federation/sender/transaction_manager.py; federation/federation_server.py',
  }),
} satisfies CombinationRules<FederationCallbacks>;
