import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inProject } from '../../support/project.js';

interface Skip {
  readonly file: string;
  readonly name: string;
  readonly reason: string | undefined;
}

interface Report {
  readonly text: string;
  readonly failed: number;
}

type SkipReport = (skips: readonly Skip[], known: readonly object[], how: { readonly isStrict: boolean }) => Report;

const { skipReport } = (await import(inProject('test/skips.mjs'))) as { readonly skipReport: SkipReport };

const known = [{ file: 'test/a.test.ts', reason: 'there is no browser', because: 'It is big.' }];
const skips = [
  { file: 'test/a.test.ts', name: 'one', reason: 'there is no browser' },
  { file: 'test/a.test.ts', name: 'two', reason: 'there is no network' },
  { file: 'test/b.test.ts', name: 'three', reason: 'there is no browser' },
];

test('skipped tests are listed with their reasons, and count as failed where only known reasons will do', () => {
  const { text, failed } = skipReport(skips, known, { isStrict: true });
  const verdict = ' (counts as failed: not in test/skips.json)';
  assert.equal(failed, 2);
  assert.deepEqual(text.split('\n'), [
    '',
    '3 skipped:',
    '  test/a.test.ts: one: there is no browser',
    `  test/a.test.ts: two: there is no network${verdict}`,
    `  test/b.test.ts: three: there is no browser${verdict}`,
    '',
  ]);
});

test('a skip without a reason counts as failed everywhere', () => {
  const skip = { file: 'test/a.test.ts', name: 'one', reason: undefined };
  for (const isStrict of [true, false]) {
    assert.deepEqual(skipReport([skip], known, { isStrict }), {
      text: '\n1 skipped:\n  test/a.test.ts: one: no reason is given (counts as failed)\n',
      failed: 1,
    });
  }
});

test('elsewhere skipped tests are only listed', () => {
  const { text, failed } = skipReport(skips, known, { isStrict: false });
  assert.equal(failed, 0);
  assert.doesNotMatch(text, /counts as failed/);
  assert.deepEqual(skipReport([], known, { isStrict: true }), { text: '', failed: 0 });
});
