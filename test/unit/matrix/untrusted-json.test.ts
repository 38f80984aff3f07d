import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { parseJson, parseJsonObject } from '../../../src/matrix/untrusted-json.js';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function errcodeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SynapseError);
    assert.equal(error.status, 400);
    return error.errcode;
  }
}

test('JSON is read whatever it holds, other texts are M_NOT_JSON', () => {
  assert.deepEqual(parseJson(bytes('{"a":[1,"\\u00e4",null,true,{"b":1.5}]}')), {
    a: [1, 'ä', null, true, { b: 1.5 }],
  });
  assert.equal(parseJson(bytes('"__proto__"')), '__proto__');
  for (const text of ['', '{', '{"a":1,}', "{'a':1}", 'NaN', '[Infinity]', '\ufeff{}', '{} x', '\u0001']) {
    assert.equal(
      errcodeOf(() => parseJson(bytes(text))),
      'M_NOT_JSON',
      text,
    );
  }
  assert.equal(
    errcodeOf(() => parseJson(Uint8Array.of(0x22, 0xc3, 0x22))),
    'M_NOT_JSON',
  );
});

test('what would harm later code is refused at the door', () => {
  for (const text of [
    '{"a":{"__proto__":1}}',
    '{"\\u005f_proto__":1}',
    '[1e999]',
    '-1e400',
    '"\\ud800"',
    '{"\\udc00":1}',
  ]) {
    assert.equal(
      errcodeOf(() => parseJson(bytes(text))),
      'M_BAD_JSON',
      text,
    );
  }
  assert.equal(parseJson(bytes('"\\ud83d\\ude00"')), '😀');
  assert.equal(parseJson(bytes('1e10')), 1e10);
});

test('nesting is read as deep as Python reads it, and refused beyond', () => {
  const nested = (depth: number): Uint8Array => bytes('['.repeat(depth) + ']'.repeat(depth));
  assert.ok(Array.isArray(parseJson(nested(900))));
  assert.equal(
    errcodeOf(() => parseJson(nested(1000))),
    'M_NOT_JSON',
  );
  const inText = bytes(JSON.stringify({ a: '[{"\\'.repeat(5000) }));
  assert.equal(typeof (parseJson(inText) as { a: string }).a, 'string');
});

test('an object is asked for where one is needed', () => {
  assert.deepEqual(parseJsonObject(bytes('{}')), {});
  for (const text of ['[]', '"a"', 'null', '1']) {
    assert.equal(
      errcodeOf(() => parseJsonObject(bytes(text))),
      'M_BAD_JSON',
      text,
    );
  }
  for (const text of ['', 'null']) assert.deepEqual(parseJsonObject(bytes(text), { allowEmpty: true }), {});
});
