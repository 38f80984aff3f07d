import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { Module } from '../../src/decorators/module.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import { jsonHeaders } from '../../src/web/web-headers.js';
import type { WebResourceLike, WebResourceOptions } from '../../src/web/web-resource.js';
import { deferred } from '../support/deferred.js';
import { type Answers, FakeBridge } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';

type Json = Readonly<Record<string, unknown>>;
type Opened = Awaited<ReturnType<typeof FakeBridge.open>>;

async function serve(
  t: TestContext,
  resource: WebResourceLike | ((api: ModuleApi) => WebResourceLike),
  options: WebResourceOptions & { readonly answers?: Answers; readonly takesApi?: true } = {},
): Promise<Opened> {
  const { answers, takesApi, ...web } = options;
  @Module()
  class Made {
    constructor(api: ModuleApi) {
      const made = takesApi === true ? (resource as (api: ModuleApi) => WebResourceLike)(api) : resource;
      api.registerWebResource('/x', made as WebResourceLike, web);
    }
  }
  const { address } = await openTestHost(t, { made: Made });
  return await FakeBridge.open(t, address, [{ module: 'made' }], answers === undefined ? {} : { answers });
}

function request(more: Json = {}): Json {
  return {
    path: '/x',
    request: {
      request: 5,
      method: 'GET',
      uri: '/x?a=%20b',
      headers: [
        ['Host', 'here.test:8008'],
        ['X-Name', 'caf\u00e9'],
      ],
      ip: '10.0.0.1',
      has_body: false,
      ...more,
    },
  };
}

const text = (base64: unknown): string => Buffer.from(String(base64), 'base64').toString();

test('a small response comes whole, with the headers that Synapse’s kind of resource adds', async (t) => {
  const bridge = await serve(t, async (given: Request) =>
    Response.json({ url: given.url, method: given.method, name: given.headers.get('x-name') }),
  );
  assert.deepEqual(bridge.registered.web, [
    { module: 'Made', path: '/x', subtree: false, name: 'VesicleJsonResource' },
  ]);
  const answer = (await bridge.request('web.request', request())) as Json;
  assert.equal(answer['status'], 200);
  assert.deepEqual(Object.fromEntries(answer['headers'] as [string, string][]), jsonHeaders);
  assert.deepEqual(JSON.parse(text(answer['body'])), {
    url: 'http://here.test:8008/x?a=%20b',
    method: 'GET',
    name: 'caf\u00e9',
  });
});

test('errors, other methods and HEAD are answered as Synapse answers them', async (t) => {
  const bridge = await serve(t, {
    GET: async () => {
      throw new SynapseError(429, 'slow', 'M_LIMIT_EXCEEDED', { retry_after_ms: 5 });
    },
  });
  const limited = (await bridge.request('web.request', request())) as Json;
  assert.deepEqual(
    [limited['status'], JSON.parse(text(limited['body']))],
    [429, { errcode: 'M_LIMIT_EXCEEDED', error: 'slow', retry_after_ms: 5 }],
  );
  const other = (await bridge.request('web.request', request({ method: 'POST' }))) as Json;
  assert.equal(other['status'], 405);
  const trace = (await bridge.request('web.request', request({ method: 'TRACE' }))) as Json;
  assert.equal(trace['status'], 405);
  const head = (await bridge.request('web.request', request({ method: 'HEAD' }))) as Json;
  assert.deepEqual([head['status'], head['body']], [429, '']);
});

test('a long response is pulled piece by piece, and made no faster than it is taken', async (t) => {
  let made = 0;
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream(
      {
        pull: (controller) => {
          made++;
          if (made > 10) controller.close();
          else controller.enqueue(new Uint8Array(100_000).fill(made));
        },
      },
      { highWaterMark: 0 },
    );
  const bridge = await serve(t, async () => new Response(body()), { kind: 'plain' });
  const head = (await bridge.request('web.request', request())) as Json;
  assert.deepEqual([head['status'], 'body' in head], [200, false]);
  assert.ok(made <= 2, `${made} pieces were made before any was asked for`);
  let length = 0;
  for (let isEnd = false; !isEnd;) {
    const piece = (await bridge.request('web.read', { request: 5 })) as Json;
    const bytes = Buffer.from(String(piece['data']), 'base64');
    assert.ok(bytes.length <= 65_536);
    length += bytes.length;
    assert.ok(made <= Math.ceil(length / 100_000) + 2);
    isEnd = piece['end'] === true;
  }
  assert.equal(length, 1_000_000);
  await assert.rejects(bridge.request('web.read', { request: 5 }), /SYNAPSE_HANDLE_ENDED/);
});

test('the status is told before the body is there, and a body that breaks off is told', async (t) => {
  const fail = deferred();
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: async (controller) => {
        await fail.promise;
        controller.error(new Error('broke off'));
      },
    });
  const bridge = await serve(t, async () => new Response(body()), { kind: 'plain' });
  const head = (await bridge.request('web.request', request())) as Json;
  assert.equal('body' in head, false);
  const piece = bridge.request('web.read', { request: 5 });
  fail.resolve(undefined);
  assert.deepEqual(await piece, { data: '', end: true, failed: true });
});

test('the body of a request is fetched as it is read, also while the response is on its way', async (t) => {
  const whole = Buffer.from('abcdefghij'.repeat(10_000));
  const bridge = await serve(t, async (given: Request) => new Response(given.body), {
    kind: 'plain',
    answers: (method, params) => {
      assert.equal(method, 'web.body');
      const offset = params['offset'] as number;
      const data = whole.subarray(offset, offset + 30_000);
      return { data: data.toString('base64'), end: offset + data.length === whole.length };
    },
  });
  let read = (await bridge.request('web.request', request({ method: 'POST', has_body: true }))) as Json;
  const pieces: Buffer[] = [];
  if ('body' in read) pieces.push(Buffer.from(String(read['body']), 'base64'));
  while (!('body' in read) && read['end'] !== true) {
    read = (await bridge.request('web.read', { request: 5 })) as Json;
    pieces.push(Buffer.from(String(read['data']), 'base64'));
  }
  assert.ok(Buffer.concat(pieces).equals(whole));
});

test('a request whose client is gone is aborted', async (t) => {
  const begun = deferred();
  const aborted = deferred();
  const bridge = await serve(t, async (given: Request) => {
    given.signal.addEventListener('abort', () => {
      aborted.resolve(undefined);
    });
    begun.resolve(undefined);
    await aborted.promise;
    return new Response('too late');
  });
  void bridge.request('web.request', request()).catch(() => undefined);
  await begun.promise;
  bridge.notify('web.gone', { request: 5 });
  await aborted.promise;
});

test('get_user_by_req takes the handle of the request', async (t) => {
  const seen: unknown[] = [];
  const bridge = await serve(
    t,
    (api: ModuleApi) => async (given: Request) => Response.json(await api.getUserByReq(given, { allowGuest: true })),
    {
      takesApi: true,
      answers: (_method, params) => {
        seen.push(params);
        return { user_id: '@a:x', is_guest: true, shadow_banned: false, device_id: null, access_token_id: null };
      },
    },
  );
  const answer = (await bridge.request('web.request', request())) as Json;
  assert.deepEqual(JSON.parse(text(answer['body'])), { userId: '@a:x', isGuest: true, shadowBanned: false });
  assert.deepEqual(seen, [{ call: 4, method: 'get_user_by_req', args: { req: 5, allow_guest: true } }]);
});
