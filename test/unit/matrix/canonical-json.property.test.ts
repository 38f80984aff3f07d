import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { SigningKey } from '../../../src/homeserver/rooms/model/signing-key.js';
import { checkCanonicalJson, encodeCanonicalJson } from '../../../src/matrix/canonical-json.js';
import type { ServerName } from '../../../src/matrix/ids.js';
import { parseJson } from '../../../src/matrix/untrusted-json.js';

/** What Synapse 1.163.2 and the Python libraries `canonicaljson` and `signedjson` make of a JSON text. */
interface Encoded {
  readonly value: string;
  readonly canonical?: string;
  /** By the key below, for some. */
  readonly signature?: string | null;
  readonly refused?: string;
}

const fixture = new URL('../../../../test/fixtures/canonical-json.json', import.meta.url);
const encoded = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Encoded[];

/** The key of the examples in the specification's appendices. */
const seed = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1';

test('values are encoded, signed and refused as by the Python libraries', () => {
  const key = new SigningKey('ed25519:1', seed);
  for (const { value: text, canonical, signature, refused } of encoded) {
    const value = parseJson(Buffer.from(text));
    const check = (): void => {
      checkCanonicalJson(value);
    };
    if (canonical === undefined) {
      assert.throws(check, (error) => error instanceof SynapseError && error.message === refused, text);
      continue;
    }
    check();
    assert.equal(encodeCanonicalJson(value), canonical);
    if (typeof signature !== 'string') continue;
    assert.deepEqual(key.signatures('x' as ServerName, canonical), { x: { 'ed25519:1': signature } });
  }
});

const text = fc.string({ unit: 'binary' });
/** Who parses JSON of others refuses the one name that a plain object cannot have: see untrusted-json.test.ts. */
const name = text.filter((one) => one !== '__proto__');
const integer = fc.maxSafeInteger();
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    text,
    integer,
    fc.array(tie('value')),
    fc.array(fc.tuple(name, tie('value'))).map((members) => Object.fromEntries(members)),
  ),
}));

test('whatever the value, its canonical form is short, ordered, and says the same', () => {
  fc.assert(
    fc.property(value, (one) => {
      checkCanonicalJson(one);
      const canonical = encodeCanonicalJson(one);
      assert.deepEqual(parseJson(Buffer.from(canonical)), one);
      assert.equal(encodeCanonicalJson(parseJson(Buffer.from(canonical))), canonical);
      assert.ok(canonical.length <= JSON.stringify(one).length);
      checkOrder(JSON.parse(canonical));
    }),
    { numRuns: 300 },
  );
});

test('of two objects with the same members in different order the form is the same, and of different values it differs', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.integer(), (members, at) => {
      const object = Object.fromEntries(members);
      const entries = Object.entries(object);
      const turn = entries.length === 0 ? 0 : Math.abs(at % entries.length);
      const turned = Object.fromEntries([...entries.slice(turn), ...entries.slice(0, turn)]);
      assert.equal(encodeCanonicalJson(turned), encodeCanonicalJson(object));
      assert.notEqual(encodeCanonicalJson({ ...object, more: true }), encodeCanonicalJson({ ...object, more: 1 }));
    }),
  );
});

test('numbers are let pass when they are integers of at most 53 bits, whatever is around them', () => {
  const number = fc.oneof(fc.double({ noNaN: true }), integer, fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 53 - 1, 0.5));
  fc.assert(
    fc.property(number, value, (one, around) => {
      const check = (): void => {
        checkCanonicalJson({ around, list: [around, { one }] });
      };
      if (Number.isInteger(one) && Math.abs(one) < 2 ** 53) check();
      else assert.throws(check, { errcode: 'M_BAD_JSON' });
    }),
  );
});

/** Keys are ordered by code point: what UTF-8 orders by, byte by byte. */
function checkOrder(one: unknown): void {
  if (typeof one !== 'object' || one === null) return;
  const keys = Object.keys(one).map((key) => Buffer.from(key));
  // Keys that look like array indexes come first in JavaScript, whatever the text said.
  const isIndexed = keys.some((key) => /^\d+$/.test(key.toString()));
  if (!Array.isArray(one) && !isIndexed)
    assert.deepEqual(
      keys,
      keys.toSorted((a, b) => a.compare(b)),
    );
  for (const member of Object.values(one)) checkOrder(member);
}
