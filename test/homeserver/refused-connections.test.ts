import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { type Listener, openListener } from '../../src/homeserver/http/server/listener.js';
import type { RequestPatience } from '../../src/homeserver/http/server/slow-bodies.js';

const refusal = 'HTTP/1.1 400 Bad Request\r\n\r\n';
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (path: string, headers: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;

/** What is refused, by node's parser or because Twisted would. */
const broken = [
  'hello\r\n\r\n',
  post('/', 'Content-Length: abc'),
  post('/', 'Transfer-Encoding: gzip, chunked'),
  'GET / HTTP/2.0\r\nHost: x\r\n\r\n',
];

/** What `handle` does with a request. */
const open = async (
  t: TestContext,
  handle: (request: Request) => Promise<Response>,
  patience?: RequestPatience,
): Promise<Listener> => {
  const listener = await openListener({ port: 0, address: '127.0.0.1' }, handle, patience);
  t.after(() => listener.close(0));
  return listener;
};

/** A client that hears what comes and keeps its own half of the connection open. */
function stubborn(t: TestContext, listener: Listener): { readonly socket: Socket; readonly read: () => string } {
  const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return { socket, read: () => text };
}

/** Resolves when the other end takes nothing more. */
/** The end of what the server sends, or of the connection: one that is reset while we still send has an error, too. */
async function ended(socket: Socket): Promise<void> {
  if (socket.readableEnded || socket.destroyed) return;
  await new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', resolve);
  });
}

async function isCut(socket: Socket): Promise<void> {
  await ended(socket);
  for (let tries = 0; tries < 100 && !socket.destroyed; tries++) {
    socket.write('x');
    await delay(10);
  }
  assert.ok(socket.destroyed, 'the connection is still open');
}

test('a refused connection is closed on both sides, whatever the client does', async (t) => {
  for (const text of broken) {
    const listener = await open(t, async () => new Response('never'));
    const { socket, read } = stubborn(t, listener);
    socket.write(text);
    await ended(socket);
    assert.equal(read(), refusal, text);
    // A listener ends when its last connection does.
    const grace = 20_000;
    const before = performance.now();
    await listener.close(grace);
    assert.ok(performance.now() - before < grace / 2, text);
  }
});

test('a broken request behind others is refused behind their answers, and what follows it is not looked at', async (t) => {
  const seen: string[] = [];
  const listener = await open(t, async ({ url }) => {
    const { pathname } = new URL(url);
    seen.push(pathname);
    await delay(5);
    const start = new TextEncoder().encode(`${pathname} begins`);
    const end = new TextEncoder().encode(`${pathname} ends`);
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(start);
          await delay(5);
          controller.enqueue(end);
          controller.close();
        },
      }),
    );
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(3), fc.constantFrom(...broken), fc.boolean(), async (before, text, isSplit) => {
      seen.length = 0;
      const paths = Array.from({ length: before }, (_, index) => `/${index}`);
      const { socket, read } = stubborn(t, listener);
      socket.write(paths.map(request).join(''));
      if (isSplit) await delay(8);
      socket.write(text + request('/behind'));
      await isCut(socket);
      assert.deepEqual(seen, paths);
      const answers = read();
      assert.ok(answers.endsWith(refusal), answers);
      assert.equal(answers.split('HTTP/1.1 ').length - 1, before + 1, answers);
      const places = paths.map((path) => answers.indexOf(`${path} ends\r\n0\r\n\r\n`));
      assert.ok(!places.includes(-1), answers);
      assert.deepEqual(
        [...places].sort((a, b) => a - b),
        places,
      );
    }),
    { numRuns: 25 },
  );
});

test('a body that breaks off is refused, or cuts the answer that has begun', async (t) => {
  const listener = await open(t, async (incoming) => {
    const { pathname } = new URL(incoming.url);
    if (pathname === '/read') return new Response(await incoming.text());
    return new Response(incoming.body);
  });
  const chunked = 'Transfer-Encoding: chunked';
  const unread = stubborn(t, listener);
  unread.socket.write(`${post('/read', chunked)}2\r\nab\r\n`);
  await delay(20);
  unread.socket.write('no chunk\r\n');
  await isCut(unread.socket);
  assert.equal(unread.read(), refusal);
  const echoed = stubborn(t, listener);
  echoed.socket.write(`${post('/echo', chunked)}2\r\nab\r\n`);
  while (!echoed.read().includes('ab')) await delay(5);
  echoed.socket.write('no chunk\r\n');
  await isCut(echoed.socket);
  assert.ok(!echoed.read().includes('400 Bad Request'), echoed.read());
  assert.ok(!echoed.read().endsWith('0\r\n\r\n'), echoed.read());
});

const patience: RequestPatience = { headersMs: 200, idleMs: 200, bodyMs: 100_000, bytesPerSecond: 500 };
const readAll = async (incoming: Request): Promise<Response> => new Response(String((await incoming.text()).length));

test('an upload may take as long as it makes progress', async (t) => {
  const listener = await open(t, readAll, patience);
  const { socket, read } = stubborn(t, listener);
  socket.write(post('/', 'Content-Length: 20'));
  for (let count = 0; count < 20; count++) {
    await delay(40);
    socket.write('x');
  }
  while (!read().endsWith('\r\n\r\n20')) await delay(5);
});

test('what does not come any more is cut, be it headers or a body', async (t) => {
  const failures: unknown[] = [];
  const listener = await open(
    t,
    (incoming) =>
      readAll(incoming).catch((error: unknown) => {
        failures.push(error);
        throw error;
      }),
    patience,
  );
  for (const text of [
    'GET / HTTP/1.1\r\nHost',
    post('/', 'Content-Length: 20'),
    `${post('/', 'Content-Length: 20')}some`,
    `${post('/', 'Transfer-Encoding: chunked')}2\r\nab\r\n`,
  ]) {
    const before = performance.now();
    const { socket, read } = stubborn(t, listener);
    socket.write(text);
    await isCut(socket);
    const took = performance.now() - before;
    assert.ok(took >= 150, `${text}: ${took} ms`);
    assert.equal(read(), '', text);
  }
  assert.equal(failures.length, 3);
});

test('a byte now and then does not keep a connection for ever', async (t) => {
  const listener = await open(t, readAll, { ...patience, bodyMs: 400, bytesPerSecond: 1000 });
  const { socket } = stubborn(t, listener);
  socket.write(post('/', 'Content-Length: 100000'));
  const drip = setInterval(() => socket.write('x'), 20);
  t.after(() => {
    clearInterval(drip);
  });
  await ended(socket);
});

test('a server that takes its time does not cut what it has not read', async (t) => {
  const size = 4_000_000;
  const listener = await open(
    t,
    async (incoming) => {
      await delay(600);
      return readAll(incoming);
    },
    patience,
  );
  const answer = await fetch(listener.url, { method: 'POST', body: 'x'.repeat(size) });
  assert.equal(await answer.text(), String(size));
});
