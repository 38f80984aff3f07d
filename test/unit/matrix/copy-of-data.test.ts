import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyOfData } from '../../../src/matrix/copy-of-data.js';

function objectsIn(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

describe('a copy of data', () => {
  it('is what structuredClone makes, and shares nothing with the original', () => {
    const data = fc.oneof(
      fc.jsonValue(),
      fc.object({ withDate: true, withMap: true, withBigInt: true, withTypedArray: true }),
    );
    fc.assert(
      fc.property(data, (value) => {
        const copy = copyOfData(value);
        assert.deepEqual(copy, structuredClone(value));
        const originals = new Set(objectsIn(value));
        assert.ok(objectsIn(copy).every((part) => !originals.has(part)));
      }),
    );
  });

  it('keeps a member that is called __proto__ as a member', () => {
    const value = JSON.parse('{"__proto__": {"a": [1]}, "b": {"__proto__": "c"}}') as Record<string, unknown>;
    const copy = copyOfData(value) as Record<string, unknown>;
    assert.equal(JSON.stringify(copy), JSON.stringify(value));
    assert.equal(Object.getPrototypeOf(copy), Object.prototype);
    assert.notEqual(Object.getOwnPropertyDescriptor(copy, '__proto__')?.value, value['__proto__']);
  });

  it('is made of what holds itself', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const copy = copyOfData(value) as { self: unknown };
    assert.notEqual(copy, value);
    assert.equal(copy.self, copy);
  });

  it('is made of any number of levels', () => {
    let value: unknown = 1;
    for (let level = 0; level < 500; level++) value = [{ value }];
    assert.deepEqual(copyOfData(value), value);
  });

  it('is the value itself where it is no data', () => {
    class Handle {}
    for (const value of [new Handle(), new Map(), () => undefined, 'text', 1, null, undefined]) {
      assert.equal(copyOfData(value), value);
    }
  });
});
