import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { originOf } from '../../../src/web/request-origin.js';
import type { WebHandler } from '../../../src/web/web-resource.js';
import { ask, check, fails, open, path, testAnswers } from './web-answers.case.js';

testAnswers("node's own responses");

for (const [kind, status] of [
  ['json', 500],
  ['html', 500],
  ['plain', 500],
] as const) {
  for (const answer of [undefined, null, 'text', {}, [200, {}]]) {
    test(`a ${kind} handler that answers ${answer === undefined ? 'nothing' : JSON.stringify(answer)} has failed`, async () => {
      const { resources, lines } = open();
      const handler = (async () => answer) as unknown as WebHandler;
      resources.register('Puppet', path, handler, { kind });
      assert.equal((await ask(resources, path)).status, status);
      assert.match(lines.join('\n'), /^error: Puppet: the web resource \S+ failed: TypeError: the handler of/);
    });
  }
}

test('a path in no resource is JSON below a known segment, else a page', async () => {
  const { resources } = open();
  resources.register('Puppet', `${path}/deep`, async () => Response.json({}));
  await check(await ask(resources, path), {
    status: 404,
    headers: { 'access-control-allow-origin': '*' },
    text: '{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}',
  });
  const page = {
    status: 404,
    headers: { 'content-type': 'text/html; charset=utf-8', 'access-control-allow-origin': null },
    text: '\n<html>\n  <head><title>404 - No Such Resource</title></head>\n  <body>\n    <h1>No Such Resource</h1>\n    <p>Sorry. No luck finding that resource.</p>\n  </body>\n</html>\n',
  };
  await check(await ask(resources, '/nothing'), page);
  await check(await ask(resources, `${path}/deep/er`), page);
});

test("Synapse's own paths are not answered here", () => {
  const { resources } = open();
  assert.equal(
    resources.handle(new Request('http://hs.test/_matrix/client/versions'), '/_matrix/client/versions'),
    undefined,
  );
  assert.equal(resources.handle(new Request('http://hs.test/'), '/'), undefined);
});

for (const reserved of [
  '/_matrix/client',
  '/_matrix/client/v3/org.example',
  '/_matrix/media/v3/x',
  '/_synapse/admin/v1/x',
  '/_synapse/client/oidc/x',
  '/.well-known/org.example',
  '/health',
  'x/health',
  '/health/',
]) {
  test(`the path ${reserved} is refused with the remedy`, () => {
    const { resources } = open();
    assert.throws(
      () => {
        resources.register('Puppet', reserved, async () => Response.json({}));
      },
      {
        code: 'WEB_PATH_RESERVED',
        message: /^\[WEB_PATH_RESERVED\] Puppet: the web path \S+ is refused, .*\/_synapse\/client\/<name>/,
      },
    );
  });
}

for (const free of [
  '/_matrix',
  '/_matrix/media',
  '/_matrix/clients',
  '/_matrix/org.example',
  '/_synapse',
  '/healthy',
  '/',
]) {
  test(`the path ${free} is free`, () => {
    const { resources } = open();
    resources.register('Puppet', free, async () => Response.json({}));
    assert.deepEqual(
      resources.list.map((resource) => resource.path),
      [free],
    );
  });
}

test('the first registration of a path stays, whoever comes second', async () => {
  const { resources, lines } = open();
  resources.register('A', path, { GET: async () => Response.json('A') });
  resources.register('B', path, { GET: async () => Response.json('B'), POST: async () => Response.json('B') });
  resources.register('A', path, { GET: async () => Response.json('A again') });
  assert.equal(await (await ask(resources, path)).json(), 'A');
  assert.equal((await ask(resources, path, { method: 'POST' })).status, 405);
  assert.deepEqual(lines, [
    `warn: B: the web path ${path} is already served by A, which keeps it.`,
    `warn: A: the web path ${path} is already served by A, which keeps it.`,
  ]);
});

test('a path without a slash at its start is warned about', () => {
  const { resources, lines } = open();
  resources.register('A', 'drop/seg', async () => Response.json({}));
  assert.deepEqual(lines, ['warn: A: the web path "drop/seg" has no slash at its start; it is served at /seg.']);
});

test('after start-up nothing can be registered', () => {
  const { resources } = open();
  resources.seal();
  assert.throws(
    () => {
      resources.register('A', path, async () => Response.json({}));
    },
    { type: 'RuntimeError', message: 'Tried to register a web resource from a module after startup' },
  );
});

test('a module that is loaded again replaces its own resources and no others', async () => {
  const { resources } = open();
  resources.register('A', '/a', async () => Response.json('old'));
  resources.register('A', '/gone', async () => Response.json('old'));
  resources.register('B', '/b', async () => Response.json('B'));
  resources.seal();
  resources.replace('A', () => {
    resources.register('A', '/a', async () => Response.json('new'));
  });
  assert.equal(await (await ask(resources, '/a')).json(), 'new');
  assert.equal(await (await ask(resources, '/b')).json(), 'B');
  assert.equal((await ask(resources, '/gone')).status, 404);
  assert.throws(() => {
    resources.register('A', '/late', async () => Response.json({}));
  }, /after startup/);
});

test('a handler learns where its request came from', () => {
  const { resources } = open();
  let seen: unknown;
  resources.register('A', path, (request) => {
    seen = originOf(request);
    return Response.json({});
  });
  void resources.handle(new Request(`http://hs.test${path}`), path, { ip: '127.0.0.1' });
  assert.deepEqual(seen, { ip: '127.0.0.1' });
});

test('bodies stream through in both directions', async () => {
  const { resources } = open();
  resources.register('A', path, (request) => {
    const upper = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        controller.enqueue(new TextEncoder().encode(new TextDecoder().decode(chunk).toUpperCase()));
      },
    });
    return new Response(request.body?.pipeThrough(upper) ?? null, { headers: { 'content-type': 'text/plain' } });
  });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const response = await ask(resources, path, { method: 'POST', body: readable, duplex: 'half' });
  const reader = response.body?.getReader();
  const writer = writable.getWriter();
  for (const word of ['one', 'two']) {
    await writer.write(new TextEncoder().encode(word));
    const chunk = await reader?.read();
    assert.equal(new TextDecoder().decode(chunk?.value as Uint8Array), word.toUpperCase());
  }
  await writer.close();
  assert.equal((await reader?.read())?.done, true);
});

test('codes of errors reach the client as texts', async () => {
  const { resources } = open();
  resources.register('A', path, fails(new SynapseError(403, 'No', Codes.FORBIDDEN)));
  assert.deepEqual(await (await ask(resources, path)).json(), { errcode: 'M_FORBIDDEN', error: 'No' });
});

test('a response that somebody has read already is a failure of the handler', async () => {
  const { resources, lines } = open();
  resources.register('A', path, async () => {
    const response = new Response('read');
    await response.text();
    return response;
  });
  assert.equal((await ask(resources, path)).status, 500);
  assert.equal(lines.length, 1);
});
