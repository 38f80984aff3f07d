import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BoundedCache } from '../../../src/homeserver/store/database/bounded-cache.js';

describe('a bounded cache', () => {
  it('forgets what was not used for longest', () => {
    const cache = new BoundedCache<string, number>(2);
    cache.set('a', 0);
    cache.set('b', 1);
    cache.get('a');
    cache.set('c', 2);
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [0, undefined, 2]);
    cache.delete('a');
    assert.equal(cache.get('a'), undefined);
    cache.clear();
    assert.equal(cache.get('c'), undefined);
  });

  it('keeps what is in use while much more is read once', () => {
    const cache = new BoundedCache<number, string>(100);
    const inUse = Array.from({ length: 50 }, (_, key) => key);
    for (const key of inUse) cache.set(key, 'in use');
    for (const key of inUse) cache.get(key);
    for (let key = 1000; key < 6000; key++) cache.set(key, 'read once');
    assert.deepEqual(
      inUse.filter((key) => cache.get(key) === undefined),
      [],
    );
  });

  it('never holds more than its limit, and never anything but what was stored last', () => {
    const step = fc.record({ kind: fc.constantFrom('get', 'set', 'delete'), key: fc.nat(20) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const cache = new BoundedCache<number, number>(limit);
        const stored = new Map<number, number>();
        for (const [time, { kind, key }] of steps.entries()) {
          if (kind === 'set') {
            cache.set(key, time);
            stored.set(key, time);
            assert.equal(cache.get(key), time);
          } else if (kind === 'delete') {
            cache.delete(key);
            stored.delete(key);
          }
          const found = cache.get(key);
          assert.ok(found === undefined || found === stored.get(key));
          assert.ok(cache.size <= limit);
          assert.equal([...cache.values()].length, cache.size);
        }
      }),
    );
  });
});
