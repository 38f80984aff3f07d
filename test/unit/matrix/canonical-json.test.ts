import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { checkCanonicalJson, compareCodePoints, encodeCanonicalJson } from '../../../src/matrix/canonical-json.js';

// https://spec.matrix.org/latest/appendices/#examples
const examples: readonly (readonly [unknown, string])[] = [
  [{}, '{}'],
  [{ one: 1, two: 'Two' }, '{"one":1,"two":"Two"}'],
  [{ b: '2', a: '1' }, '{"a":"1","b":"2"}'],
  [
    { auth: { success: true, mxid: '@john.doe:example.com', profile: { display_name: 'John Doe', three_pids: [] } } },
    '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[]},"success":true}}',
  ],
  [{ a: '日本語' }, '{"a":"日本語"}'],
  [{ 本: 2, 日: 1 }, '{"日":1,"本":2}'],
  [{ a: '\u65E5' }, '{"a":"日"}'],
  [{ a: null }, '{"a":null}'],
  [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
  ['\u0000\u001f"\\/\n', '"\\u0000\\u001f\\"\\\\/\\n"'],
];

for (const [value, text] of examples) {
  test(`${text} is the canonical form`, () => {
    assert.equal(encodeCanonicalJson(value), text);
  });
}

test('keys are ordered by code point, not by UTF-16 unit', () => {
  const privateUse = '\ue000';
  const astral = '\u{1f600}';
  assert.equal(encodeCanonicalJson({ [astral]: 1, [privateUse]: 2 }), `{"${privateUse}":2,"${astral}":1}`);
  assert.ok(compareCodePoints('a', 'ab') < 0);
  assert.equal(compareCodePoints('a', 'a'), 0);
});

test('the canonical form says the same as the value, whatever the order of its keys', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = encodeCanonicalJson(value);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.equal(encodeCanonicalJson(reversed(JSON.parse(text))), text);
    }),
  );
});

const refused: readonly (readonly [string, unknown, string])[] = [
  ['a fraction', { a: [1.5] }, 'Bad JSON value: float'],
  ['infinity', { a: Infinity }, 'Bad JSON value: float'],
  ['a number beyond 2^53', { a: 2 ** 53 }, 'JSON integer out of range'],
  ['half a surrogate pair', { a: '\ud800' }, 'JSON text is not valid Unicode'],
  ['half a surrogate pair in a key', { '\udc00': 1 }, 'JSON text is not valid Unicode'],
  ['endless nesting', nested(2000), 'JSON is nested too deeply'],
];

for (const [what, value, message] of refused) {
  test(`${what} is refused with M_BAD_JSON`, () => {
    assert.throws(
      () => {
        checkCanonicalJson(value);
      },
      (error) => error instanceof SynapseError && error.errcode === 'M_BAD_JSON' && error.message === message,
    );
  });
}

test('room versions before 6 take fractions and large numbers', () => {
  checkCanonicalJson({ a: 1.5, b: 2 ** 60 }, false);
});

test('everything that fits is let pass', () => {
  checkCanonicalJson({ a: [1, -1, 2 ** 53 - 1, true, null, 'x', { b: {} }] });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}
