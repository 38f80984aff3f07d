import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseProblems } from '../../conformance/case-check.js';
import type { Case } from '../../conformance/format.js';

const asked = { as: 'alice', request: ['GET', '/_matrix/client/versions'] } as const;

/** Cases by what is said of them. */
const rows: readonly (readonly [given: Omit<Case, 'id'>, ...problems: readonly string[]])[] = [
  [{}, 'a/b: has neither steps that ask something nor startup'],
  [{ steps: [] }, 'a/b: has neither steps that ask something nor startup'],
  [{ steps: [{ wait_ms: 5 }] }, 'a/b: has neither steps that ask something nor startup'],
  [{ steps: [asked] }, 'a/b: step 0 expects nothing'],
  [{ steps: [{ ...asked, expect: {} }, asked] }, 'a/b: step 0 expects nothing', 'a/b: step 1 expects nothing'],
  [{ steps: [{ ...asked, expect: { exact: true } }] }, 'a/b: step 0 expects nothing'],
  [{ steps: [{ module: 'A', api: ['get_userinfo_by_id', '@a:b'] }] }, 'a/b: step 0 expects nothing'],
  [{ steps: [{ wait_ms: 5 }, { ...asked, expect: { status: 200 } }] }],
  [{ startup: {} }, 'a/b: startup expects nothing'],
  [{ startup: { fails: true } }],
];

test('a case that expects nothing of a step, or nothing at all, is refused', () => {
  for (const [given, ...problems] of rows) assert.deepEqual(caseProblems({ id: 'a/b', ...given }), problems);
});
