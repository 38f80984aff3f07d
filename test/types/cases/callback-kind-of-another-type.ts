// error: is not assignable to type '"event" | "state"'
import { refusesOnFalse } from '../../../src/callbacks/boolean-gate.js';
import { loggedAsError } from '../../../src/callbacks/throws.js';
import type { MatrixEvent, StateMap } from '../../../src/matrix/event.js';

export const row = refusesOnFalse<(event: MatrixEvent, state: StateMap) => Promise<boolean>>({
  args: { event: 'event', state_events: 'json' },
  throws: loggedAsError,
  summary: 'May this happen?',
  source: 'handlers/example.py: example',
});
