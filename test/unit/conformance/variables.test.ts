import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../conformance/format.js';
import { pythonJson } from '../../conformance/python-json.js';
import { MISSING, substitute, valueAt } from '../../conformance/variables.js';

const variables = new Map<string, Json>([
  ['alice', '@alice:hs.test'],
  ['alice.token', 'secret'],
  ['n', 5],
]);

test('known variables are replaced in values and keys, unknown ones stay', () => {
  const given = { '{alice}': ['x {alice.token} {bob}', { deep: '{arg:0.room_id}' }] };
  assert.deepEqual(substitute(given, variables), { '@alice:hs.test': ['x secret {bob}', { deep: '{arg:0.room_id}' }] });
});

test('a text that is one reference becomes the value with its type', () => {
  assert.equal(substitute('{n}', variables), 5);
  assert.equal(substitute('n = {n}', variables), 'n = 5');
});

const document = { a: [{ b: 1 }, null], '0': 'zero' };

for (const [path, expected] of [
  ['', document],
  ['a.0.b', 1],
  ['a.1', null],
  ['a.2', MISSING],
  ['a.b', MISSING],
  ['0', 'zero'],
  ['x.y', MISSING],
  ['toString', MISSING],
] as const) {
  test(`the path "${path}" leads to ${expected === MISSING ? 'nothing' : JSON.stringify(expected)}`, () => {
    assert.deepEqual(valueAt(document, path), expected);
  });
}

for (const [value, text] of [
  [{ a: [1, 'ü', null, true, 1.5], b: {} }, '{"a": [1, "\\u00fc", null, true, 1.5], "b": {}}'],
  ['a"\n', '"a\\"\\n"'],
  ['\u{1f600}', '"\\ud83d\\ude00"'],
] as const) {
  test(`Python writes ${text}`, () => {
    assert.equal(pythonJson(value as unknown as Json), text);
  });
}
