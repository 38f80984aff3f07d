import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RedirectException, SynapseError } from '../../../src/errors/synapse-error.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import { anyValue, decodeWire, encodeWire } from '../../../src/synapse/protocol/wire-codec.js';
import { decodeError, encodeError } from '../../../src/synapse/protocol/wire-errors.js';
import { anyError, anyThing } from '../../support/hostile-values.js';

test('whatever a value is, it is JSON then, or refused with its place', () => {
  fc.assert(
    fc.property(anyThing(), fc.boolean(), (make, isAny) => {
      const value = make();
      const text = attempt(() => encodeWire(isAny ? anyValue(value) : value, 'The answer'));
      if (text instanceof Error) assertRefused(text);
      else decodeWire(JSON.parse(text));
    }),
    { numRuns: 3000 },
  );
});

test('whatever is thrown, it is an error that travels, or its fields are refused with their place', () => {
  const errors = fc.oneof(
    anyThing(),
    anyError(() => new Error('an error')),
    anyError(() => new SynapseError(403, 'no', 'M_FORBIDDEN')),
    anyError(() => new RedirectException('https://example.org/')),
  );
  fc.assert(
    fc.property(errors, (make) => {
      const text = attempt(() => encodeWire(encodeError(make(), { mayShowStack: true }), 'An error'));
      if (text instanceof Error) assertRefused(text);
      else assert.ok(decodeError(decodeWire(JSON.parse(text))) instanceof Error);
    }),
    { numRuns: 3000 },
  );
});

test('whatever the other side calls an error is one', () => {
  const fields = fc.constantFrom('type', 'message', 'status', 'errcode', 'additional_fields', 'headers', 'location');
  const others = fc.constantFrom('cookies', 'path', 'response', 'causes', 'stack', 'origin');
  const known = fc.constantFrom(
    'SynapseError',
    'RedirectException',
    'ConfigError',
    'HttpResponseException',
    '__proto__',
  );
  const value = fc.oneof(fc.jsonValue(), known);
  const errors = fc.oneof(value, fc.dictionary(fc.oneof(fields, others), value));
  fc.assert(
    fc.property(errors, (wire) => {
      assert.ok(decodeError(wire, {}) instanceof Error);
    }),
    { numRuns: 3000 },
  );
});

test('where any value may stand, it comes back as what it was', () => {
  const values: readonly unknown[] = [
    [NaN, Infinity, -Infinity, -0, 1.5, 2 ** 60, 9007199254740993n, -(10n ** 30n)],
    { date: new Date(1), set: new Set([1, 'a', 2n ** 64n]), bytes: new Uint8Array([0, 255]), text: '\ud800' },
    { $vesicle: 'int', value: { $vesicle: 5 } },
    new Map<unknown, unknown>([[1, 'a']]),
    [[], {}, [[null]], { 'a b': true }],
  ];
  for (const value of values) assert.deepEqual(decodeWire(JSON.parse(encodeWire(anyValue(value), 'it'))), value);
});

test('what JSON leaves out is left out, also beside what needs marks', () => {
  const value = {
    e: [NaN, -Infinity],
    a: undefined,
    b: [undefined],
    $vesicle: 1,
    c: Object(2) as unknown,
    d: { toJSON: () => 'd' },
  };
  assert.deepEqual(decodeWire(JSON.parse(encodeWire(value, 'it'))), {
    e: [null, null],
    b: [null],
    $vesicle: 1,
    c: 2,
    d: 'd',
  });
});

test('a message names the first value that cannot be sent', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ content: { since: new Date(0) } }, 'content.since is a Date'],
    [[{ a: [1, new Set()] }], '[0].a[1] is a Set'],
    [{ a: () => 1 }, 'a is a function'],
    [5n, 'it is a bigint'],
  ];
  for (const [value, text] of cases) {
    assert.throws(() => encodeWire(value, 'The answer'), {
      code: 'SYNAPSE_VALUE_UNSENDABLE',
      message: new RegExp(`The answer cannot be sent to Synapse: ${text.replace(/[[\].]/g, '\\$&')}\\. Give`),
    });
  }
});

function attempt<Result>(work: () => Result): Result | Error {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
}

function assertRefused(error: Error): void {
  assert.ok(error instanceof VesicleError && error.code === 'SYNAPSE_VALUE_UNSENDABLE', String(error.stack));
}
