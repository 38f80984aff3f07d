// error: is not assignable to type 'never'
import { refusesOnFalse } from '../../../src/callbacks/boolean-gate.js';
import { loggedAsError } from '../../../src/callbacks/throws.js';

export const row = refusesOnFalse<(since: Date) => Promise<boolean>>({
  args: { since: 'json' },
  throws: loggedAsError,
  summary: 'May this happen?',
  source: 'handlers/example.py: example',
});
