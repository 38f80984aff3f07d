import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../conformance/format.js';
import { mismatch } from '../../conformance/match.js';
import { MISSING, type Missing } from '../../conformance/variables.js';

type Row = readonly [expected: Json, actual: Json | Missing, problem?: string];

/** Rows with a third member must not match, for that reason. */
const rows: readonly Row[] = [
  [1, 1],
  [1, 2, ': 2 is not 1'],
  [1, true, ': true is not 1'],
  [0, false, ': false is not 0'],
  ['1', 1, ': 1 is not "1"'],
  [null, null],
  [null, MISSING, ': missing'],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1 }, { b: 2 }, '.a: missing'],
  [{ a: { b: [1] } }, { a: { b: [2] } }, '.a.b[0]: 2 is not 1'],
  [{}, {}],
  [{}, [], ': expected an object, is []'],
  [{}, MISSING, ': expected an object, is missing'],
  [{ a: 1 }, 'a', ': expected an object, is "a"'],
  [
    [1, 2],
    [1, 2],
  ],
  [[1], [1, 2], ': [1,2] is not [1]'],
  [[1], { 0: 1 }, ': {"0":1} is not [1]'],
  [{ 0: 'a', 2: 'c' }, ['a', 'b', 'c']],
  [{ 3: 'a' }, ['a'], '.3: missing'],
  [{ $absent: true }, MISSING],
  [{ $absent: true }, null, ': should be absent, is null'],
  [{ a: { $absent: true } }, {}],
  [{ $any: true }, null],
  [{ $any: true }, MISSING, ': missing'],
  [{ $match: '^a+$' }, 'aaa'],
  [{ $match: 'b' }, 'aaa', ': "aaa" does not match "b"'],
  [{ $match: '1' }, 1, ': 1 does not match "1"'],
  [{ $match: '(?i)^A(?P<n>b)\\Z' }, 'AB'],
  [{ $type: 'integer' }, 1],
  [{ $type: 'number' }, 1],
  [{ $type: 'number' }, 1.5],
  [{ $type: 'integer' }, 1.5, ': is number, not integer'],
  [{ $type: 'array' }, []],
  [{ $type: 'object' }, [], ': is array, not object'],
  [{ $type: 'null' }, null],
  [{ $not: 1 }, 2],
  [{ $not: 1 }, 1, ': is 1'],
  [{ $exact: { a: 1 } }, { a: 1 }],
  [{ $exact: { a: 1 } }, { a: 1, b: 1 }, ': {"a":1,"b":1} is not exactly {"a":1}'],
  [{ $contains: [{ a: 1 }, 2] }, [2, { a: 1, b: 1 }, 3]],
  [{ $contains: [4] }, [2], ': does not contain 4; is [2]'],
  [{ $contains: [4] }, 'text', ': does not contain 4; is "text"'],
  [{ $excludes: [4] }, [2]],
  [{ $excludes: [{ a: 1 }] }, [{ a: 1, b: 2 }], ': contains {"a":1}'],
  [{ $unordered: [1, { a: 1 }] }, [{ a: 1 }, 1]],
  [{ $unordered: [1, 1] }, [1, 2], ': no 1'],
  [{ $unordered: [1] }, [1, 1], ': [1,1] is not, in any order, [1]'],
];

for (const [expected, actual, problem] of rows) {
  const what = actual === MISSING ? 'nothing' : JSON.stringify(actual);
  test(`${JSON.stringify(expected)} ${problem === undefined ? 'fits' : 'does not fit'} ${what}`, () => {
    assert.equal(mismatch(expected, actual), problem);
  });
}
