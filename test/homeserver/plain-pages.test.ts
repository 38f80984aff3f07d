import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedHomeserver } from '../support/embedded-homeserver.js';

type Row = readonly [method: string, path: string, status: number, type: string | null, allow?: string];

/** What Synapse answers on the paths beside its API, most of them Twisted's own pages. */
const rows: readonly Row[] = [
  ['GET', '/health', 200, 'text/plain'],
  ['GET', '/health/x', 404, 'text/html'],
  ['POST', '/health/x', 405, 'text/html; charset=utf-8', 'HEAD, GET'],
  ['PUT', '/health', 501, 'text/html; charset=utf-8'],
  ['POST', '/', 405, 'text/html; charset=utf-8', 'HEAD, OPTIONS, GET'],
  ['GET', '/.well-known', 405, 'text/html; charset=utf-8', 'HEAD'],
  ['GET', '/.well-known/x', 404, 'text/html; charset=utf-8'],
  ['GET', '/.well-known/matrix', 405, 'text/html; charset=utf-8', 'HEAD'],
  ['GET', '/.well-known/matrix/x', 404, 'text/html; charset=utf-8'],
  ['GET', '/.well-known/matrix/client', 200, 'application/json'],
  ['GET', '/.well-known/matrix/client/x', 200, 'application/json'],
  ['POST', '/.well-known/matrix/client', 405, 'application/json'],
  ['GET', '/.well-known/matrix/server', 200, 'application/json'],
  ['POST', '/.well-known/matrix/server', 405, 'text/html; charset=utf-8', 'HEAD, GET'],
  ['GET', '/_matrix/static/x', 404, 'text/html; charset=utf-8'],
  ['DELETE', '/_matrix/static', 501, 'text/html; charset=utf-8'],
];

test('the paths beside the API answer as Synapse does', async (t) => {
  const config = { serveClientWellknown: true, serveServerWellknown: true };
  const hs = await EmbeddedHomeserver.open(t, { config });
  for (const [method, path, status, type, allow = null] of rows) {
    const { status: got, headers } = await hs.request(undefined, method, path);
    assert.deepEqual(
      [got, headers.get('content-type'), headers.get('allow')],
      [status, type, allow],
      `${method} ${path}`,
    );
  }
});
