import type { MatrixEvent } from '../matrix/event.js';
import type { JsonObject, MutableJsonObject } from '../matrix/json.js';
import { membersOf } from './iteration.js';
import { NEXT, type CombinationRules, rule } from './rule.js';
import { propagates } from './throws.js';

/**
 * Callbacks of the category `add_extra_fields_to_unsigned_client_event`.
 *
 * @example
 * ```ts
 * import { type UnsignedFieldsCallbacks } from 'vesicle';
 * const callbacks: UnsignedFieldsCallbacks = { add_field_to_unsigned_callback: async () => ({ 'org.example.seen': true }) };
 * ```
 */
export interface UnsignedFieldsCallbacks {
  /** Fields to add to `unsigned` of an event that a client is about to get; existing fields stay. */
  readonly add_field_to_unsigned_callback: (event: MatrixEvent) => Promise<JsonObject>;
}

/** The rules of `add_extra_fields_to_unsigned_client_event` (`events/utils.py: EventClientSerializer`). */
export const unsignedFieldsRules = {
  add_field_to_unsigned_callback: rule<UnsignedFieldsCallbacks['add_field_to_unsigned_callback'], MutableJsonObject>({
    combine: 'merge',
    args: { event: 'event' },
    result: 'json',
    neutral: () => ({}),
    judge: (answer, soFar) => {
      Object.assign(soFar, membersOf(answer));
      return NEXT;
    },
    throws: propagates,
    summary: 'Which fields shall be added to `unsigned` of this event?',
    source: 'events/utils.py: EventClientSerializer._prepare_serialization',
  }),
} satisfies CombinationRules<UnsignedFieldsCallbacks>;
