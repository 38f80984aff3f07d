import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/matrix/json.js';
import { jsonFault } from '../../../src/matrix/json-fault.js';
import { type EventAllowed, thirdPartyRulesRules } from '../../../src/callbacks/third-party-rules.js';
import { anyThing } from '../../support/hostile-values.js';

test('a replaced event that JSON cannot hold is refused with the place of the value', () => {
  const { judge } = thirdPartyRulesRules.check_event_allowed;
  const answer = (content: unknown): EventAllowed => [true, { type: 'm.room.message', content: content as JsonObject }];
  const neutral = { allowed: true, replacement: null };
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{ sent: [new Date(0)] }, /cannot be sent: content\.sent\[0\] is a Date$/],
    [{ act: () => 1 }, /content\.act is a function$/],
    [{ share: NaN }, /content\.share is NaN$/],
    [{ size: 10n }, /content\.size is a bigint$/],
  ];
  for (const [content, text] of cases) {
    assert.throws(() => judge(answer(content), neutral, () => undefined), { name: 'TypeError', message: text });
  }
  const right = { a: undefined, b: [undefined, null, 1.5], c: { toJSON: () => 'c' } };
  assert.deepEqual(
    judge(answer(right), neutral, () => undefined),
    {
      allowed: true,
      replacement: { type: 'm.room.message', content: right },
    },
  );
});

test('what is not found at fault is JSON', () => {
  fc.assert(
    fc.property(anyThing(), (make) => {
      if (jsonFault(make()) !== undefined) return;
      assert.doesNotThrow(() => JSON.stringify(make()));
    }),
    { numRuns: 3000 },
  );
});
