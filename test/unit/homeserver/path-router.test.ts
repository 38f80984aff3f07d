import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathRouter, percentDecode } from '../../../src/homeserver/http/server/path-router.js';

function routerOf(...routes: readonly string[]): PathRouter<string> {
  const router = new PathRouter<string>();
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    router.add(method, path, route);
  }
  return router;
}

test('fixed segments go before parameters, and a parameter takes over where they have no such method', () => {
  const router = routerOf('GET /p/:user', 'GET /p/me', 'PUT /p/:user', 'GET /p/:user/a', 'GET /p/me/b', 'PUT /p/:x/:y');
  for (const [method, path, expected] of [
    ['GET', '/p/me', 'GET /p/me'],
    ['GET', '/p/you', 'GET /p/:user'],
    ['PUT', '/p/me', 'PUT /p/:user'],
    ['GET', '/p/me/a', 'GET /p/:user/a'],
    ['GET', '/p/me/b', 'GET /p/me/b'],
    ['PUT', '/p/me/b', 'PUT /p/:x/:y'],
    ['HEAD', '/p/me', 'GET /p/me'],
  ] as const) {
    const found = router.find(method, path);
    assert.equal(found.kind === 'found' ? found.value : found.kind, expected, `${method} ${path}`);
  }
});

test('a known path with another method is told from an unknown path', () => {
  const router = routerOf('GET /a/b', 'POST /a/:x/c');
  assert.equal(router.find('PUT', '/a/b').kind, 'method_not_allowed');
  assert.equal(router.find('GET', '/a/1/c').kind, 'method_not_allowed');
  for (const path of ['/', '/a', '/a/b/', '/a/b/c/d', '/A/b', '', 'a/b', '//a/b']) {
    assert.equal(router.find('GET', path).kind, 'not_found', path);
  }
});

test('parameters are decoded after the path was taken apart, and may be empty', () => {
  const router = routerOf('GET /s/:type/:key', 'GET /t/:a/x/:b');
  const paramsOf = (path: string): unknown => {
    const found = router.find('GET', path);
    return found.kind === 'found' ? found.params : found.kind;
  };
  assert.deepEqual(paramsOf('/s/a%2Fb/'), { type: 'a/b', key: '' });
  assert.deepEqual(paramsOf('/t/%2525/x/%'), { a: '%25', b: '%' });
  assert.deepEqual(paramsOf('/s//x'), { type: '', key: 'x' });
});

test('what is tried in vain leaves no parameter behind', () => {
  const router = routerOf('GET /:a/fixed/:b/end', 'GET /:x/:y/:z');
  const found = router.find('GET', '/1/fixed/3');
  assert.deepEqual(found.kind === 'found' ? found.params : undefined, { x: '1', y: 'fixed', z: '3' });
});

test('percent-encoding is undone as Python does it', () => {
  for (const [text, decoded] of [
    ['plain', 'plain'],
    ['%41+b', 'A+b'],
    ['%zz%41', '%zzA'],
    ['%', '%'],
    ['%E2%82%AC', '€'],
    ['%ff', '\ufffd'],
  ] as const) {
    assert.equal(percentDecode(text), decoded);
  }
});
