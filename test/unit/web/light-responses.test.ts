import { getRequestListener } from '@hono/node-server';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readResponseParts } from '../../../src/web/response-parts.js';
import { testAnswers } from './web-answers.case.js';

// Making a listener replaces the global classes: what every handler answers with on an open homeserver.
const native = Response;
getRequestListener(() => new Response());

testAnswers('responses of @hono/node-server');

test('the parts of a response are had only from those that keep them', () => {
  assert.notEqual(Response, native);
  assert.deepEqual(readResponseParts(Response.json({ a: 1 })), {
    status: 200,
    body: '{"a":1}',
    headers: { 'content-type': 'application/json' },
  });
  assert.deepEqual(readResponseParts(new Response(null, { status: 204 })), { status: 204, body: null, headers: {} });
  const headers = new Headers({ a: 'b' });
  assert.deepEqual(readResponseParts(new Response('a', { headers })), { status: 200, body: 'a', headers });
  assert.equal(readResponseParts(new Response(new URLSearchParams('a=b'))), undefined);
  assert.equal(readResponseParts(new native('a')), undefined);
});
