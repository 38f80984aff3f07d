import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCodes } from '../../src/errors/codes.js';

const codes = Object.keys(errorCodes);

test('error codes stand in order, so that each stands once', () => {
  assert.deepEqual(codes, [...codes].sort());
});

test('an error code says where it comes from and what is wrong', () => {
  for (const code of codes) assert.match(code, /^[A-Z]+(_[A-Z0-9]+)+$/);
});

test('the text of an error is more than a sentence with a gap', () => {
  for (const [code, { text }] of Object.entries(errorCodes)) assert.match(text, /\{0\}/, code);
});
