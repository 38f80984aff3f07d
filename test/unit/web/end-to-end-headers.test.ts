import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endToEndData, endToEndHeaders, finalStatus } from '../../../src/web/end-to-end-headers.js';

const hopByHop = [
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

const anyCase = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.charAt(0).toLowerCase() + name.slice(1).toUpperCase(),
  );
const own = fc.stringMatching(/^x-[a-z]{1,6}$/);
const value = fc.stringMatching(/^[!-~]{0,10}$/);

test('headers about a connection never leave, nor those that Connection names, however they are spelled', () => {
  const headers = fc.record({
    hop: fc.dictionary(fc.constantFrom(...hopByHop.slice(1)).chain(anyCase), value, { maxKeys: 4 }),
    own: fc.dictionary(own, value, { maxKeys: 6 }),
    named: fc.array(fc.nat(5), { maxLength: 3 }),
    connection: anyCase('connection'),
  });
  fc.assert(
    fc.property(headers, (sample) => {
      const names = Object.keys(sample.own);
      const named = new Set(sample.named.flatMap((index) => names[index] ?? []));
      const connection = ['close', ...[...named].map((name) => name.toUpperCase())].join(' , ');
      const all = { ...sample.hop, ...sample.own, [sample.connection]: connection };
      const expected = Object.entries(sample.own).filter(([name]) => !named.has(name));
      assert.deepEqual(endToEndData(all), Object.fromEntries(expected));
      assert.deepEqual([...endToEndHeaders(new Headers(all))].sort(), expected.sort());
    }),
  );
});

test('names and values are refused where Fetch refuses them, and control characters besides', () => {
  const anything = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 6 }));
  fc.assert(
    fc.property(anything, anything, (name, text) => {
      let isRight = true;
      try {
        new Headers([[name, text]]);
      } catch {
        isRight = false;
      }
      if (hopByHop.some((one) => one.toLowerCase() === name.toLowerCase())) return;
      const trimmed = text.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
      // eslint-disable-next-line no-control-regex -- these are the ones that Fetch lets through and node does not
      if (isRight && /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(trimmed)) isRight = false;
      if (isRight) assert.deepEqual(endToEndData({ [name]: text }), { [name.toLowerCase()]: trimmed });
      else assert.throws(() => endToEndData({ [name]: text }), TypeError);
    }),
    { numRuns: 500 },
  );
});

test('a status that cannot be the final one is refused', () => {
  for (const status of [200, 204, 418, 599]) assert.equal(finalStatus(status), status);
  for (const status of [0, -1, 100, 101, 199, 600, 999, NaN, Infinity, 200.5, '200', null, undefined]) {
    assert.throws(() => finalStatus(status), RangeError);
  }
});
