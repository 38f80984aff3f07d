import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonRepr } from '../../../src/homeserver/parity/python-repr.js';
import { canonicalEmail, parseEmail } from '../../../src/homeserver/users/email-address.js';
import { hashPassword, isPassword } from '../../../src/homeserver/users/password-hash.js';
import { phoneNumberToMsisdn } from '../../../src/homeserver/users/phone-number.js';
import { randomLetters } from '../../../src/homeserver/runtime/random-letters.js';
import {
  generateLoginToken,
  generateRefreshToken,
  isRefreshToken,
} from '../../../src/homeserver/users/token-generator.js';
import type { JsonValue } from '../../../src/matrix/json.js';
import type { UserId } from '../../../src/matrix/ids.js';

test('a refresh token carries a checksum', () => {
  const token = generateRefreshToken('@alice:hs.test' as UserId);
  assert.equal(isRefreshToken(token), true);
  assert.equal(isRefreshToken(`${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`), false);
  assert.equal(isRefreshToken(generateLoginToken()), false);
  assert.match(randomLetters(40), /^[A-Za-z]{40}$/);
});

test('a password is known by its hash, however its characters are composed', async () => {
  const hash = await hashPassword('pässword', 4);
  assert.equal(await isPassword('pa\u0308ssword', hash), true);
  assert.equal(await isPassword('password', hash), false);
  assert.equal(await isPassword('pässword', '$2b$12$notours'), false);
});

test('e-mail addresses are written in small letters', () => {
  assert.equal(canonicalEmail(' Some.One@Example.ORG '), 'some.one@example.org');
  for (const wrong of ['none', 'a@b@c', '', 5, `${'x'.repeat(500)}@b.c`]) {
    assert.throws(() => parseEmail(wrong), { message: 'Unable to parse email address' });
  }
});

const phones: readonly (readonly [country: string, number: string, expected: string | undefined])[] = [
  ['GB', '07700 900123', '447700900123'],
  ['GB', '+1 201-555-0123', '12015550123'],
  ['US', '(201) 555-0123', '12015550123'],
  ['DE', '0151 23456789', '4915123456789'],
  ['XX', '0151', undefined],
  ['GB', 'none', undefined],
];

test('phone numbers are written as they are dialled from anywhere', async () => {
  for (const [country, number, expected] of phones) {
    const result = phoneNumberToMsisdn(country, number);
    if (expected === undefined) await assert.rejects(result, { errcode: 'M_INVALID_PARAM' });
    else assert.equal(await result, expected);
  }
});

const values: readonly (readonly [value: JsonValue, text: string])[] = [
  [null, 'None'],
  [[true, false], '[True, False]'],
  [1.5, '1.5'],
  ["it's", `"it's"`],
  [`it's "x"`, `'it\\'s "x"'`],
  [{ a: ['b\n'] }, "{'a': ['b\\n']}"],
];

test('values in texts are written as Python does', () => {
  for (const [value, text] of values) assert.equal(pythonRepr(value), text);
});
