import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { VesicleError } from '../../src/errors/vesicle-error.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import { systemClock } from '../../src/homeserver/runtime/clock.js';
import { type Listener, openListener } from '../../src/homeserver/http/server/listener.js';
import { type Call, JsonAnswer, type Route } from '../../src/homeserver/http/server/route.js';
import { HttpServer } from '../../src/homeserver/http/server/server.js';
import { LimitExceededError } from '../../src/homeserver/runtime/rate-limit-error.js';
import { WebResources } from '../../src/web/web-resources.js';
import { deferred } from '../support/deferred.js';
import { RecordingLog } from '../support/recording-log.js';

interface Running {
  readonly server: HttpServer;
  readonly listener: Listener;
  readonly log: RecordingLog;
  readonly web: WebResources;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
}

async function run(t: TestContext, routes: readonly Route[], maxBodySize = 1000): Promise<Running> {
  const log = new RecordingLog();
  const web = new WebResources({ warn: () => undefined, error: () => undefined });
  const server = new HttpServer({
    routes,
    web,
    authenticate: () => Promise.reject(new SynapseError(401, 'nobody', 'M_MISSING_TOKEN')),
    log,
    clock: systemClock,
    maxBodySize,
  });
  const listener = await openListener({ port: 0, address: '127.0.0.1' }, (request, peer) =>
    server.fetch(request, peer),
  );
  t.after(() => Promise.all([listener.close(0), server.close(0)]));
  return { server, listener, log, web, fetch: (path, init) => fetch(listener.url + path, init) };
}

const client = '/_matrix/client/v3';

function route(method: Route['method'], path: string, handle: (call: Call) => Promise<unknown>): Route {
  return { method, paths: [client + path], handle: handle as Route['handle'] };
}

test('an answer carries the headers that Synapse gives to JSON', async (t) => {
  const { fetch } = await run(t, [route('GET', '/a', async () => ({ ok: true }))]);
  const response = await fetch(`${client}/a`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { ok: true });
  const expected = {
    'content-type': 'application/json',
    'cache-control': 'no-cache, no-store, must-revalidate',
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
    'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization, Date',
    'access-control-expose-headers': 'Synapse-Trace-Id, Server',
    'content-length': '11',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(response.headers.get(name), value, name);
});

test('an answer may have a status and headers of its own', async (t) => {
  const answer = new JsonAnswer(201, [1], { 'Cache-Control': 'public' });
  const { fetch } = await run(t, [route('GET', '/a', async () => answer)]);
  const response = await fetch(`${client}/a`);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('cache-control'), 'public');
  assert.deepEqual(await response.json(), [1]);
});

test('a call gives path parameters, query, headers and address', async (t) => {
  const seen: unknown[] = [];
  const { fetch } = await run(t, [
    route('GET', '/rooms/:roomId/x/:key', async (call) => {
      seen.push(call.params, call.query.getAll('q'), call.header('x-test'), call.ip, call.userAgent, call.method);
      return {};
    }),
  ]);
  await fetch(`${client}/rooms/%21a%2Fb%3Ac/x/?q=1&q=a+b`, { headers: { 'X-Test': 'yes', 'user-agent': 'me' } });
  assert.deepEqual(seen, [{ roomId: '!a/b:c', key: '' }, ['1', 'a b'], 'yes', '127.0.0.1', 'me', 'GET']);
});

test('unknown paths, other methods and paths that only lead to others get what Synapse answers', async (t) => {
  const { fetch } = await run(t, [route('GET', '/a', async () => ({}))]);
  const unrecognized = { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' };
  for (const [path, method, status] of [
    [`${client}/nope`, 'GET', 404],
    [`${client}/a/`, 'GET', 404],
    [`${client}/a`, 'POST', 405],
    ['/_matrix', 'GET', 404],
    ['/_matrix/nope/x', 'PUT', 404],
    ['/_synapse/client', 'GET', 404],
    ['/_matrix/media/v3/nope', 'GET', 404],
  ] as const) {
    const response = await fetch(path, { method });
    assert.equal(response.status, status, path);
    assert.deepEqual(await response.json(), unrecognized, path);
  }
  const page = await fetch('/nope');
  assert.equal(page.status, 404);
  assert.match(await page.text(), /<title>404 - No Such Resource<\/title>/);
  assert.equal(page.headers.get('access-control-allow-origin'), null);
});

test('OPTIONS is answered on every path, HEAD as GET without a body', async (t) => {
  const { fetch } = await run(t, [route('GET', '/a', async () => ({ ok: true }))]);
  for (const path of [`${client}/a`, '/nope', '/']) {
    const response = await fetch(path, { method: 'OPTIONS' });
    assert.equal(response.status, 204, path);
    assert.equal(response.headers.get('access-control-allow-origin'), '*', path);
  }
  const head = await fetch(`${client}/a`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
});

test('a SynapseError that JSON cannot hold is a 500, and logged', async (t) => {
  const { fetch, log } = await run(t, [
    route('GET', '/huge', async () => {
      throw new SynapseError(403, 'no', 'M_FORBIDDEN', { size: 10n ** 20n });
    }),
  ]);
  const response = await fetch(`${client}/huge`);
  assert.equal(response.status, 500);
  assert.deepEqual(await response.json(), { errcode: 'M_UNKNOWN', error: 'Internal server error' });
  assert.ok(log.lines.some(({ level, message }) => level === 'error' && message.includes('cannot be told')));
});

test('a SynapseError is the answer; any other error is a 500 that says nothing, and is logged with its stack', async (t) => {
  const { fetch, log } = await run(t, [
    route('GET', '/refuse', async () => {
      throw new SynapseError(418, 'teapot', 'ORG_TEA', { error: 'mine', extra: 1 }, { 'X-Tea': 'green' });
    }),
    route('GET', '/fail', async () => {
      throw new TypeError('secret');
    }),
  ]);
  const refused = await fetch(`${client}/refuse`);
  assert.equal(refused.status, 418);
  assert.equal(refused.headers.get('x-tea'), 'green');
  assert.deepEqual(await refused.json(), { errcode: 'ORG_TEA', error: 'mine', extra: 1 });
  const failed = await fetch(`${client}/fail`);
  assert.equal(failed.status, 500);
  assert.deepEqual(await failed.json(), { errcode: 'M_UNKNOWN', error: 'Internal server error' });
  const [line] = log.lines.filter((each) => each.level === 'error');
  assert.ok(line?.fields['err'] instanceof TypeError);
});

test('a limiter makes the client wait before it is told', async (t) => {
  const { fetch } = await run(t, [
    route('GET', '/a', async () => {
      throw new LimitExceededError('rc_message', 1500, 30);
    }),
  ]);
  const startedAt = performance.now();
  const response = await fetch(`${client}/a`);
  assert.ok(performance.now() - startedAt >= 25);
  assert.equal(response.status, 429);
  assert.equal(response.headers.get('retry-after'), '2');
  assert.deepEqual(await response.json(), {
    errcode: 'M_LIMIT_EXCEEDED',
    error: 'Too Many Requests',
    retry_after_ms: 1500,
  });
});

test('bodies are read as JSON objects, or refused as Synapse does', async (t) => {
  const { fetch } = await run(t, [
    route('POST', '/strict', async (call) => call.json()),
    route('POST', '/lax', async (call) => call.json({ allowEmpty: true })),
  ]);
  const post = async (path: string, body: string | Uint8Array): Promise<readonly [number, unknown]> => {
    const response = await fetch(client + path, { method: 'POST', body: new Uint8Array(Buffer.from(body)) });
    return [response.status, ((await response.json()) as { errcode?: string }).errcode];
  };
  for (const [path, body, status, errcode] of [
    ['/strict', '{"a":1}', 200, undefined],
    ['/strict', '', 400, 'M_NOT_JSON'],
    ['/strict', '[]', 400, 'M_BAD_JSON'],
    ['/strict', '{', 400, 'M_NOT_JSON'],
    ['/strict', Uint8Array.of(0x22, 0xff, 0x22), 400, 'M_NOT_JSON'],
    ['/strict', '{"__proto__":{}}', 400, 'M_BAD_JSON'],
    ['/strict', '{"a":1e999}', 400, 'M_BAD_JSON'],
    ['/lax', '', 200, undefined],
    ['/lax', 'null', 200, undefined],
    ['/strict', 'x'.repeat(1001), 413, 'M_TOO_LARGE'],
  ] as const) {
    assert.deepEqual(await post(path, body), [status, errcode], String(body).slice(0, 20));
  }
});

test('multipart uploads are refused with 415', async (t) => {
  const { fetch } = await run(t, [route('POST', '/a', async () => ({}))]);
  const response = await fetch(`${client}/a`, {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'Multipart/Form-Data; boundary=x' },
  });
  assert.equal(response.status, 415);
  assert.equal(await response.text(), '');
});

/** Sends bytes over a socket and gives everything that comes back. */
async function raw(listener: Listener, text: string): Promise<string> {
  const socket = connect(listener.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

test('broken requests get the 400 of Twisted, and the server goes on', async (t) => {
  const { listener, fetch } = await run(t, [route('POST', '/a', async (call) => call.json())]);
  const head = `POST ${client}/a HTTP/1.1\r\nHost: x\r\n`;
  for (const text of [
    'hello\r\n\r\n',
    `${head}Content-Length: abc\r\n\r\n`,
    `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`,
    `${head}Content-Length: -1\r\n\r\n`,
    `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST ${client}/a HTTP/2.0\r\nHost: x\r\n\r\n`,
    `POST ${client}/a\r\nHost: x\r\n\r\n`,
  ]) {
    assert.equal(await raw(listener, text), 'HTTP/1.1 400 Bad Request\r\n\r\n', text);
  }
  assert.equal((await fetch(`${client}/a`, { method: 'POST', body: '{}' })).status, 200);
});

test('a chunked body over the limit is refused, for endpoints and for web resources', async (t) => {
  const { listener, web } = await run(t, [route('POST', '/a', async (call) => call.json())], 20);
  web.register('m', '/up', { POST: async (request) => new Response(await request.text()) });
  const chunked = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n${'x'.repeat(64)}\r\n0\r\n\r\n`;
  assert.match(await raw(listener, chunked(`${client}/a`)), /^HTTP\/1\.1 413[\s\S]*M_TOO_LARGE/);
  assert.match(await raw(listener, chunked('/up')), /^HTTP\/1\.1 413[\s\S]*M_TOO_LARGE/);
});

test('a client that goes away aborts the signal, not the work', async (t) => {
  const aborted = deferred<string>();
  const started = deferred();
  const { fetch } = await run(t, [
    route('GET', '/poll', async ({ signal }) => {
      started.resolve(undefined);
      if (!signal.aborted) await once(signal, 'abort');
      await Promise.resolve();
      aborted.resolve('went on');
      return {};
    }),
  ]);
  const controller = new AbortController();
  const gone = assert.rejects(fetch(`${client}/poll`, { signal: controller.signal }));
  await started.promise;
  controller.abort();
  await gone;
  assert.equal(await aborted.promise, 'went on');
});

test('closing ends long polls at once and waits for the rest', async (t) => {
  const waiting = deferred();
  const slow = deferred();
  const { fetch, listener, server } = await run(t, [
    route('GET', '/poll', async ({ signal }) => {
      waiting.resolve(undefined);
      if (!signal.aborted) await once(signal, 'abort');
      return { ended: true };
    }),
    route('GET', '/slow', async () => {
      await slow.promise;
      return { done: true };
    }),
  ]);
  const poll = fetch(`${client}/poll`);
  const work = fetch(`${client}/slow`);
  await waiting.promise;
  const closed = Promise.all([server.close(60_000), listener.close(60_000)]);
  assert.deepEqual(await (await poll).json(), { ended: true });
  slow.resolve(undefined);
  assert.deepEqual(await (await work).json(), { done: true });
  await closed;
  await assert.rejects(fetch(`${client}/slow`));
});

test('closing waits for the web resources of modules', async (t) => {
  const called = deferred();
  const slow = deferred();
  const { fetch, server, listener, web } = await run(t, []);
  web.register('slow', '/_synapse/client/slow', async () => {
    called.resolve(undefined);
    await slow.promise;
    return Response.json({ done: true });
  });
  const work = fetch('/_synapse/client/slow');
  await called.promise;
  let isClosed = false;
  const closed = server.close(60_000).then(() => {
    isClosed = true;
  });
  // Another request goes all the way meanwhile.
  await fetch('/_synapse/client/other');
  assert.equal(isClosed, false);
  slow.resolve(undefined);
  assert.deepEqual(await (await work).json(), { done: true });
  await closed;
  await listener.close(60_000);
});

test('a port that is taken is an error that names it and says what to do', async (t) => {
  const { listener } = await run(t, []);
  await assert.rejects(
    openListener({ port: listener.port, address: '127.0.0.1' }, () => new Response()),
    (error: unknown) => {
      assert.ok(error instanceof VesicleError);
      assert.equal(error.code, 'HTTP_ADDRESS_IN_USE');
      assert.ok(error.message.includes(String(listener.port)), error.message);
      return true;
    },
  );
});

test('behind a proxy the address is the one that it forwards', async (t) => {
  const seen: string[] = [];
  const listener = await openListener({ port: 0, address: '127.0.0.1', xForwarded: true }, (_request, peer) => {
    seen.push(peer.ip);
    return new Response();
  });
  t.after(() => listener.close(0));
  await fetch(listener.url, { headers: { 'x-forwarded-for': '203.0.113.7, 10.0.0.1' } });
  await fetch(listener.url);
  assert.deepEqual(seen, ['203.0.113.7', '127.0.0.1']);
});
