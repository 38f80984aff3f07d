import assert from 'node:assert/strict';
import { test } from 'node:test';
import { respondWithHtml } from '../../../src/web/html-response.js';
import { parseJsonObjectFromRequest } from '../../../src/web/json-request.js';

const requestOf = (body: string | Uint8Array<ArrayBuffer>): Request =>
  new Request('http://hs.test/', { method: 'POST', body });

const notJson = { status: 400, errcode: 'M_NOT_JSON', message: 'Content not JSON.' };
const badJson = { status: 400, errcode: 'M_BAD_JSON', message: 'Content must be a JSON object.' };

for (const [what, body, expected] of [
  ['nothing', '', notJson],
  ['half an object', '{"a": 1', notJson],
  ['NaN', '{"a": NaN}', notJson],
  ['a byte order mark', '\ufeff{}', notJson],
  ['invalid UTF-8', Uint8Array.from([0x7b, 0xff, 0x7d]), notJson],
  ['a list', '[1]', badJson],
  ['a text', '"a"', badJson],
  ['null', 'null', badJson],
] as const) {
  test(`a body of ${what} is refused`, async () => {
    await assert.rejects(parseJsonObjectFromRequest(requestOf(body)), expected);
  });
}

test('a JSON object is read whatever its content type', async () => {
  assert.deepEqual(await parseJsonObjectFromRequest(requestOf('{"a": {"b": [null]}}')), { a: { b: [null] } });
});

test('an empty body is an empty object where that is allowed', async () => {
  for (const body of ['', 'null']) {
    assert.deepEqual(await parseJsonObjectFromRequest(requestOf(body), { allowEmptyBody: true }), {});
  }
  await assert.rejects(parseJsonObjectFromRequest(requestOf('[]'), { allowEmptyBody: true }), badJson);
});

test('a page is kept out of frames', async () => {
  const response = respondWithHtml(201, '<p>ü');
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(response.headers.get('x-frame-options'), 'DENY');
  assert.equal(response.headers.get('content-security-policy'), "frame-ancestors 'none';");
  assert.equal(await response.text(), '<p>ü');
});
