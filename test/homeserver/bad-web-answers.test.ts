import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { RedirectException, SynapseError } from '../../src/errors/synapse-error.js';
import { ListenerConfig } from '../../src/config/homeserver/listeners.js';
import { Module } from '../../src/decorators/module.js';
import { WebResource } from '../../src/decorators/web-resource.js';
import { EmbeddedHomeserver } from '../support/embedded-homeserver.js';

const base = '/_synapse/client/puppet';

@Module()
class Puppet {
  static answer: (request: Request) => Promise<Response>;

  @WebResource(`${base}/json`)
  async json(request: Request): Promise<Response> {
    return await Puppet.answer(request);
  }

  @WebResource(`${base}/html`, { kind: 'html' })
  async html(request: Request): Promise<Response> {
    return await Puppet.answer(request);
  }

  @WebResource(`${base}/plain`, { kind: 'plain', subtree: true })
  async plain(request: Request): Promise<Response> {
    return await Puppet.answer(request);
  }
}

const kinds = ['json', 'html', 'plain'];

interface Opened {
  readonly hs: EmbeddedHomeserver;
  readonly url: string;
}

async function open(t: TestContext): Promise<Opened> {
  const listeners = [Object.assign(new ListenerConfig(), { port: 0 })];
  const modules = [{ name: 'puppet', type: Puppet, config: {}, at: 'test' }];
  const hs = await EmbeddedHomeserver.open(t, { modules, config: { listeners } });
  const [listener] = await hs.homeserver.listen();
  assert.ok(listener);
  return { hs, url: listener.url };
}

/** All bytes that come back for a request, in Latin-1. */
async function raw({ url }: Opened, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  socket.write(request, 'latin1');
  // A connection that is cut is reset, too.
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

const get = (path: string, headers = 'Host: hs.test'): string =>
  `GET ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`;

/** The lines that were logged meanwhile. */
async function logged(hs: EmbeddedHomeserver, work: () => Promise<void>): Promise<readonly string[]> {
  const before = hs.log.texts.length;
  await work();
  return hs.log.texts.slice(before).filter((line) => /^(?:warn|error)/.test(line));
}

function failingAfter(pieces: number, size: number, pause: () => Promise<void>): ReadableStream<Uint8Array> {
  let left = pieces;
  return new ReadableStream({
    pull: async (controller) => {
      await pause();
      if (left-- > 0) controller.enqueue(new Uint8Array(size).fill(0x61));
      else controller.error(new Error('the secret reason'));
    },
  });
}

const pauses = [async () => undefined, () => new Promise<void>((resolve) => setImmediate(resolve))];

test('a body that breaks off cuts the connection, and its reason is logged, not sent', async (t) => {
  const opened = await open(t);
  for (const pause of pauses) {
    for (const [pieces, size] of [
      [1, 10],
      [3, 100_000],
      [40, 70_000],
    ] as const) {
      for (const kind of kinds) {
        Puppet.answer = async () => new Response(failingAfter(pieces, size, pause));
        const lines = await logged(opened.hs, async () => {
          const text = await raw(opened, get(`${base}/${kind}`));
          assert.doesNotMatch(text, /secret|0\r\n\r\n$/);
          // What breaks off at once can still be a plain failure.
          if (!text.startsWith('HTTP/1.1 500'))
            await assert.rejects(fetch(`${opened.url}${base}/${kind}`).then((got) => got.text()));
        });
        assert.ok(
          lines.length >= 1 && lines.every((line) => line.includes(`Puppet: the web resource ${base}/${kind} failed`)),
          lines.join('\n'),
        );
      }
    }
  }
});

test('a body that is shorter or longer than it says is no complete answer', async (t) => {
  const opened = await open(t);
  for (const announced of ['500000', '100', '1e3', '-1', '5, 5', ' ']) {
    Puppet.answer = async () => {
      let left = 3;
      const body = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (left-- > 0) controller.enqueue(new Uint8Array(100_000));
          else controller.close();
        },
      });
      return new Response(body, { headers: { 'content-length': announced } });
    };
    const isComplete = await fetch(`${opened.url}${base}/plain`).then(
      (got) =>
        got.arrayBuffer().then(
          () => got.status === 200,
          () => false,
        ),
      () => false,
    );
    assert.ok(!isComplete, announced);
  }
});

const wrongText = fc.oneof(
  fc.constantFrom('a\nb', 'a\0b', '\u2192', 'a\r\nx: y', '\ud800', '\x7f'),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter((text) => /[^\t\x20-\x7e\x80-\xff]/.test(text.trim())),
);
const wrongName = fc.oneof(
  fc.constantFrom('', ' ', 'a b', 'a:', 'é', 'x\n'),
  fc.string({ maxLength: 3 }).map((text) => `${text} `),
);
const wrongStatus = fc.constantFrom(0, 1, 99, 100, 101, 199, 600, 999, 2000, -200, NaN, 1e9);

const wrong = fc.oneof(
  wrongText.map((value): [string, () => Response] => ['value', () => new Response('x', { headers: { 'x-a': value } })]),
  wrongText.map((value): [string, () => Response] => ['JSON', () => Response.json({}, { headers: { 'x-a': value } })]),
  wrongName.map((name): [string, () => Response] => ['name', () => new Response('x', { headers: { [name]: 'y' } })]),
  wrongStatus.map((status): [string, () => Response] => ['status', () => new Response('x', { status })]),
  wrongStatus.map((status): [string, () => Response] => ['JSON status', () => Response.json({}, { status })]),
  wrongStatus.map((status): [string, () => Response] => [
    'error status',
    () => {
      throw new SynapseError(status, 'x');
    },
  ]),
  wrongText.map((value): [string, () => Response] => [
    'error header',
    () => {
      throw new SynapseError(400, 'x', 'M_X', {}, { 'X-A': value });
    },
  ]),
  wrongText.map((value): [string, () => Response] => [
    'location',
    () => {
      throw new RedirectException(`https://example.org/${value}`);
    },
  ]),
  fc
    .constantFrom(204, 205, 304)
    .map((status): [string, () => Response] => ['body', () => new Response('x', { status })]),
  fc.constant<[string, () => Response]>(['error', () => Response.error()]),
);

test('what HTTP cannot carry is a 500 with a line that names the module, and nothing of it is sent', async (t) => {
  const opened = await open(t);
  await fc.assert(
    fc.asyncProperty(wrong, fc.constantFrom(...kinds), async ([what, answer], kind) => {
      Puppet.answer = async () => answer();
      const lines = await logged(opened.hs, async () => {
        const text = await raw(opened, get(`${base}/${kind}`));
        assert.match(text, /^HTTP\/1\.1 500 /, what);
        assert.doesNotMatch(text, /TypeError|RangeError|Invalid|\bx-a\b|location:/i);
      });
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.ok(lines[0]?.startsWith(`error Puppet: the web resource ${base}/${kind} failed`), lines[0]);
    }),
    { numRuns: 300 },
  );
});

test('the address of a request is the one it was routed by, whatever its header Host says', async (t) => {
  const opened = await open(t);
  Puppet.answer = async (request) => Response.json({ url: request.url });
  const urlOf = async (path: string, headers: string): Promise<unknown> => {
    const text = await raw(opened, get(path, headers));
    return (JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { url: unknown }).url;
  };
  const path = `${base}/plain/p?q=1`;
  for (const host of [
    'evil.example/_synapse/client/evil/admin?x=',
    '',
    'u:p@x',
    'a#',
    'a\\b',
    'a:99999',
    '::1',
    'a b',
  ]) {
    assert.equal(await urlOf(path, `Host: ${host}`), `http://localhost${path}`, host);
  }
  for (const host of ['hs.test', 'hs.test:8448', '[::1]:80', 'HS.test:80']) {
    assert.equal(await urlOf(path, `Host: ${host}`), new URL(`http://${host}${path}`).href, host);
  }
  assert.equal(
    await urlOf(`${base}/plain/a%2fb\\c?d\\e`, 'Host: hs.test'),
    `http://hs.test${base}/plain/a%2fb%5Cc?d\\e`,
  );
  const dots = await raw(opened, get(`${base}/plain/../json`));
  assert.match(dots, /^HTTP\/1\.1 404 /);
});

async function upstream(t: TestContext): Promise<string> {
  const server: Server = createServer((request, response) => {
    if (request.url === '/chunked') {
      response.write('hello ');
      setTimeout(() => response.end('world'), 30);
      return;
    }
    if (request.url === '/gzip') {
      const body = gzipSync('compressed '.repeat(50));
      response.writeHead(200, {
        'content-type': 'text/plain',
        'content-encoding': 'gzip',
        'content-length': body.length,
      });
      response.end(body);
      return;
    }
    response.writeHead(200, {
      'content-length': 5,
      'keep-alive': 'timeout=5',
      connection: 'x-private',
      'x-private': '1',
      'x-own': '2',
    });
    response.end('plain');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
}

test('an answer of fetch, or a copy of it, reaches the client whole and without headers about another connection', async (t) => {
  const opened = await open(t);
  const from = await upstream(t);
  const copies: readonly ((response: Response) => Response)[] = [
    (response) => response,
    (response) => new Response(response.body, response),
    (response) => new Response(response.body, { headers: response.headers }),
    (response) => new Response(response.body, { headers: Object.fromEntries(response.headers) }),
  ];
  const texts = { '/chunked': 'hello world', '/gzip': 'compressed '.repeat(50), '/plain': 'plain' };
  for (const copy of copies) {
    for (const [path, expected] of Object.entries(texts)) {
      for (const kind of kinds) {
        Puppet.answer = async () => copy(await fetch(`${from}${path}`));
        const got = await fetch(`${opened.url}${base}/${kind}`, { headers: { 'accept-encoding': 'gzip' } });
        assert.equal(await got.text(), expected, path);
        assert.deepEqual([got.headers.get('content-encoding'), got.headers.get('x-private')], [null, null]);
        if (path === '/plain') assert.equal(got.headers.get('x-own'), '2');
      }
    }
  }
});
