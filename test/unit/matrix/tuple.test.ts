import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tuple, tuple } from '../../../src/matrix/tuple.js';

test('a tuple cannot be changed, and is no list', () => {
  const pair = tuple('a', { b: 1 });
  assert.ok(pair instanceof Tuple);
  assert.ok(!Array.isArray(pair));
  assert.deepEqual(pair.items, ['a', { b: 1 }]);
  assert.throws(() => Reflect.set(pair, 'items', []) || assert.fail('refused'), /refused/);
  assert.ok(Object.isFrozen(pair.items));
});

test('as JSON a tuple is a list, as in Python', () => {
  assert.equal(JSON.stringify({ answer: tuple('a', tuple(1, null)) }), '{"answer":["a",[1,null]]}');
});
