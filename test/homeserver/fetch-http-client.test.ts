import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { HttpResponseException } from '../../src/errors/http-response-exception.js';
import { FetchHttpClient } from '../../src/module-api/shared/fetch-http-client.js';

const client = new FetchHttpClient(fetch);

/** A server that says what it got; `/status/N` answers with that status, `/bytes/N` with so many bytes. */
async function open(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    void answer(request).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(request: IncomingMessage): Promise<{ status: number; type: string; body: string }> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const { method = '', url = '', headers } = request;
  const [, what, value] = /^\/(\w+)\/(\d+)/.exec(url) ?? [];
  if (what === 'status') return { status: Number(value), type: 'text/plain', body: 'no' };
  if (what === 'bytes') return { status: 200, type: 'image/png', body: 'x'.repeat(Number(value)) };
  const { accept, 'content-type': type, 'x-own': own, 'user-agent': agent } = headers;
  return {
    status: 200,
    type: 'application/json',
    body: JSON.stringify({ method, url, text, accept, type, own, agent }),
  };
}

test('JSON is fetched with arguments and headers', async (t) => {
  const base = await open(t);
  const options = { args: { q: 'a b', tag: ['x', 'y'] }, headers: { 'X-Own': 'mine' } };
  assert.deepEqual(await client.getJson(`${base}/get`, options), {
    method: 'GET',
    url: '/get?q=a+b&tag=x&tag=y',
    text: '',
    accept: 'application/json',
    own: 'mine',
    agent: 'Vesicle',
  });
});

test('JSON is sent in canonical form', async (t) => {
  const base = await open(t);
  const posted = await client.postJsonGetJson(`${base}/post`, { b: 1, a: 'ü' });
  assert.deepEqual(posted, {
    method: 'POST',
    url: '/post',
    text: '{"a":"ü","b":1}',
    accept: 'application/json',
    type: 'application/json',
    agent: 'Vesicle',
  });
  const put = await client.putJson(`${base}/put`, {}, { args: { a: '1' }, headers: { 'Content-Type': 'text/x' } });
  assert.deepEqual(put, {
    method: 'PUT',
    url: '/put?a=1',
    text: '{}',
    accept: 'application/json',
    type: 'text/x',
    agent: 'Vesicle',
  });
});

test('a form is sent as one', async (t) => {
  const base = await open(t);
  const answered = await client.postUrlencodedGetJson(`${base}/form`, { args: { a: '1 2', b: ['x', 'y'] } });
  assert.deepEqual(answered, {
    method: 'POST',
    url: '/form',
    text: 'a=1+2&b=x&b=y',
    accept: 'application/json',
    type: 'application/x-www-form-urlencoded',
    agent: 'Vesicle',
  });
});

test('bytes and whole responses are fetched', async (t) => {
  const base = await open(t);
  assert.equal((await client.getRaw(`${base}/bytes/3`)).byteLength, 3);
  const response = await client.request('DELETE', `${base}/status/404`, { data: new Uint8Array([1]) });
  assert.equal(response.status, 404);
});

test('an answer that is not 2xx is an error with its body', async (t) => {
  const base = await open(t);
  for (const status of [302, 404, 500]) {
    await assert.rejects(client.getJson(`${base}/status/${status}`), (error: unknown) => {
      assert.ok(error instanceof HttpResponseException);
      assert.deepEqual([error.type, error.code], ['HttpResponseException', status]);
      assert.equal(new TextDecoder().decode(error.response), 'no');
      return true;
    });
  }
});

test('a server that is not there refuses the connection', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(client.getJson(`http://127.0.0.1:${port}/`), { type: 'ConnectionRefusedError' });
});

test('a file is fetched into a stream within its limits', async (t) => {
  const base = await open(t);
  const collect = (): { readonly sizes: number[]; readonly stream: WritableStream<Uint8Array> } => {
    const sizes: number[] = [];
    return { sizes, stream: new WritableStream({ write: (chunk) => void sizes.push(chunk.byteLength) }) };
  };
  const { sizes, stream } = collect();
  const [length, headers, url, code] = await client.getFile(`${base}/bytes/10`, stream, { maxSize: 10 });
  assert.deepEqual([length, headers.get('content-type'), url, code], [10, 'image/png', `${base}/bytes/10`, 200]);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    10,
  );
  await assert.rejects(client.getFile(`${base}/bytes/11`, collect().stream, { maxSize: 10 }), {
    status: 502,
    errcode: 'M_TOO_LARGE',
    message: 'Requested file is too large > 10 bytes',
  });
  await assert.rejects(client.getFile(`${base}/status/404`, collect().stream), {
    status: 502,
    message: 'Got error 404',
  });
  const options = { isAllowedContentType: (type: string) => type === 'text/css' };
  await assert.rejects(client.getFile(`${base}/bytes/1`, collect().stream, options), {
    status: 502,
    message: "Requested file's content type not allowed for this operation: image/png",
  });
});
