import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedirectException, SynapseError } from '../../../src/errors/synapse-error.js';
import type { WebHandler, WebResourceLike, WebResourceOptions } from '../../../src/web/web-resource.js';
import { WebResources } from '../../../src/web/web-resources.js';

export const path = '/_synapse/client/puppet';
const cors = 'GET, HEAD, POST, PUT, DELETE, OPTIONS';
const noStore = 'no-cache, no-store, must-revalidate';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  readonly text?: string;
}

export function open(): { readonly resources: WebResources; readonly lines: string[] } {
  const lines: string[] = [];
  const resources = new WebResources({
    warn: (message) => lines.push(`warn: ${message}`),
    error: (message, { err }) => lines.push(`error: ${message}: ${String(err)}`),
  });
  return { resources, lines };
}

export async function ask(resources: WebResources, target: string, init: RequestInit = {}): Promise<Response> {
  const url = new URL(target, 'http://hs.test');
  const response = await resources.handle(new Request(url, init), url.pathname);
  assert.ok(response, `${target} is Synapse's own`);
  return response;
}

export async function check(response: Response, expected: Answer): Promise<void> {
  assert.equal(response.status, expected.status);
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const actual = response.headers.get(name);
    if (value instanceof RegExp) assert.match(String(actual), value, name);
    else assert.equal(actual, value, name);
  }
  if (expected.text !== undefined) assert.equal(await response.text(), expected.text);
}

export const fails =
  (error: unknown): WebHandler =>
  async () => {
    throw error;
  };
const teapot = new SynapseError(418, 'tea <pot>', 'ORG_EXAMPLE_TEAPOT', { 'org.example.n': 1 }, { 'X-Tea': 'green' });
const html = { kind: 'html' } as const;
const plain = { kind: 'plain' } as const;

const rows: readonly (readonly [
  title: string,
  resource: WebResourceLike,
  options: WebResourceOptions,
  method: string,
  expected: Answer,
])[] = [
  [
    'a JSON answer may be read by any site and is not cached',
    async () => Response.json({ a: [1, 'ü', null] }, { status: 202 }),
    {},
    'GET',
    {
      status: 202,
      headers: {
        'content-type': 'application/json',
        'cache-control': noStore,
        'access-control-allow-origin': '*',
        'access-control-allow-methods': cors,
        'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization, Date',
        'access-control-expose-headers': 'Synapse-Trace-Id, Server',
        'x-frame-options': null,
      },
      text: '{"a":[1,"ü",null]}',
    },
  ],
  [
    'headers that the handler set stay',
    async () => Response.json({}, { headers: { 'Cache-Control': 'max-age=60', 'X-Own': '1' } }),
    {},
    'GET',
    { status: 200, headers: { 'cache-control': 'max-age=60', 'x-own': '1', 'access-control-allow-origin': '*' } },
  ],
  [
    'an answer of another type from a JSON resource is passed on as it is',
    async () => new Response(new Uint8Array([0, 255]), { headers: { 'content-type': 'application/octet-stream' } }),
    {},
    'GET',
    {
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'access-control-allow-origin': null,
        'cache-control': null,
      },
    },
  ],
  [
    'bytes without a type get the type that Twisted gives them',
    async () => new Response(new Uint8Array([60])),
    {},
    'GET',
    { status: 200, headers: { 'content-type': 'text/html' }, text: '<' },
  ],
  [
    'an empty answer of a JSON resource may be read by any site',
    async () => new Response(null, { status: 204 }),
    {},
    'DELETE',
    { status: 204, headers: { 'access-control-allow-origin': '*', 'content-type': 'application/json' }, text: '' },
  ],
  [
    'a handler may answer without a promise',
    () => Response.json(1),
    {},
    'GET',
    { status: 200, headers: { 'access-control-allow-origin': '*' }, text: '1' },
  ],
  [
    'a SynapseError of a JSON resource is the answer, with fields and headers',
    fails(teapot),
    {},
    'GET',
    {
      status: 418,
      headers: { 'x-tea': 'green', 'access-control-allow-origin': '*', 'content-type': 'application/json' },
      text: '{"errcode":"ORG_EXAMPLE_TEAPOT","error":"tea <pot>","org.example.n":1}',
    },
  ],
  [
    'any other error of a JSON resource tells the client nothing',
    fails(new Error('secret')),
    {},
    'GET',
    {
      status: 500,
      headers: { 'access-control-allow-origin': '*' },
      text: '{"errcode":"M_UNKNOWN","error":"Internal server error"}',
    },
  ],
  [
    'a redirect from a JSON resource is an error',
    fails(new RedirectException('https://example.com/')),
    {},
    'GET',
    { status: 500, headers: { location: null } },
  ],
  [
    'a JSON resource without a handler for the method answers 405 in JSON',
    { GET: async () => Response.json({}) },
    {},
    'POST',
    {
      status: 405,
      headers: { 'access-control-allow-origin': '*' },
      text: '{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}',
    },
  ],
  [
    'a method named like a member of objects has no handler',
    { GET: async () => Response.json({}) },
    {},
    'constructor',
    { status: 405 },
  ],
  [
    'each method has its own handler',
    { GET: async () => Response.json('get'), PUT: async () => Response.json('put') },
    {},
    'PUT',
    { status: 200, text: '"put"' },
  ],
  [
    'one handler for one method refuses the others',
    async () => Response.json({}),
    { method: 'PUT' },
    'GET',
    { status: 405 },
  ],
  [
    'one handler for all methods gets every method',
    async (request) => Response.json(request.method),
    {},
    'PATCH',
    { status: 200, text: '"PATCH"' },
  ],
  [
    'HEAD is answered by the handler of GET, without the body',
    { GET: async () => Response.json({ a: 1 }) },
    {},
    'HEAD',
    { status: 200, headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' }, text: '' },
  ],
  ['HEAD without a handler of GET is refused', { POST: async () => Response.json({}) }, {}, 'HEAD', { status: 405 }],
  [
    'a page is kept out of frames, and a text is a page',
    async () => new Response('<p>hi ü</p>', { status: 404 }),
    html,
    'GET',
    {
      status: 404,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'x-frame-options': 'DENY',
        'content-security-policy': "frame-ancestors 'none';",
        'access-control-allow-origin': null,
        'cache-control': null,
      },
      text: '<p>hi ü</p>',
    },
  ],
  [
    'a page resource may answer with something else',
    async () => new Response('<svg/>', { headers: { 'content-type': 'image/svg+xml' } }),
    html,
    'GET',
    { status: 200, headers: { 'content-type': 'image/svg+xml', 'x-frame-options': 'DENY' } },
  ],
  [
    'a redirect from an HTML resource',
    fails(new RedirectException('https://example.com/there', 301)),
    html,
    'GET',
    { status: 301, headers: { location: 'https://example.com/there', 'x-frame-options': 'DENY' } },
  ],
  [
    'a SynapseError of an HTML resource is a page, its message escaped',
    fails(teapot),
    html,
    'GET',
    {
      status: 418,
      headers: { 'content-type': 'text/html; charset=utf-8', 'x-tea': 'green', 'access-control-allow-origin': null },
      text: '<!DOCTYPE html>\n<html lang=en>\n  <head>\n    <meta charset="utf-8">\n    <title>Error 418</title>\n  </head>\n  <body>\n     <p>tea &lt;pot&gt;</p>\n  </body>\n</html>\n',
    },
  ],
  [
    'any other error of an HTML resource is a page that tells nothing',
    fails(new Error('secret')),
    html,
    'GET',
    { status: 500, headers: { 'content-type': 'text/html; charset=utf-8' } },
  ],
  [
    'an HTML resource without a handler for the method answers 405 with a page',
    { GET: async () => new Response('') },
    html,
    'PUT',
    { status: 405, headers: { 'content-type': 'text/html; charset=utf-8', 'access-control-allow-origin': null } },
  ],
  [
    'a plain resource answers as it wants',
    async () => new Response('plain', { headers: { 'content-type': 'text/plain' } }),
    plain,
    'GET',
    { status: 200, headers: { 'content-type': 'text/plain', 'access-control-allow-origin': null }, text: 'plain' },
  ],
  [
    'a text of a plain resource is no page: nobody said so',
    async () => new Response('<script>'),
    plain,
    'GET',
    { status: 200, headers: { 'content-type': /^text\/plain; ?charset=UTF-8$/ } },
  ],
  [
    'bytes of a plain resource get the type that Twisted gives them',
    async () => new Response(new TextEncoder().encode('plain')),
    plain,
    'GET',
    { status: 200, headers: { 'content-type': 'text/html' } },
  ],
  [
    'every error of a plain resource is the same page',
    fails(teapot),
    plain,
    'GET',
    {
      status: 500,
      headers: { 'content-type': 'text/html' },
      text: '<html><head><title>Processing Failed</title></head><body><b>Processing Failed</b></body></html>',
    },
  ],
  [
    'a plain resource names the methods that it has',
    { GET: async () => new Response(''), PUT: async () => new Response('') },
    plain,
    'POST',
    { status: 405, headers: { allow: 'HEAD, GET, PUT', 'content-type': 'text/html; charset=utf-8' } },
  ],
  [
    'a plain resource without a handler of GET fails at HEAD',
    { POST: async () => new Response('') },
    plain,
    'HEAD',
    { status: 500, text: '' },
  ],
  [
    'a plain resource does not know what Twisted does not know',
    { GET: async () => new Response('') },
    plain,
    'DELETE',
    { status: 501, headers: { 'content-type': 'text/html; charset=utf-8' } },
  ],
  [
    'anything with fetch is served as it answers',
    { fetch: async () => new Response('app', { headers: { 'content-type': 'text/css' } }) },
    {},
    'DELETE',
    { status: 200, headers: { 'content-type': 'text/css', 'access-control-allow-origin': null }, text: 'app' },
  ],
  [
    'a response that was fetched elsewhere can be passed on',
    async () => Response.redirect('https://example.com/'),
    {},
    'GET',
    { status: 302, headers: { location: 'https://example.com/', 'access-control-allow-origin': '*' } },
  ],
];

/** What a request for each kind of resource gets; `Response` is whatever class of that name is global. */
export function testAnswers(about: string): void {
  for (const [title, resource, options, method, expected] of rows) {
    test(`${title} (${about})`, async () => {
      const { resources } = open();
      resources.register('Puppet', path, resource, options);
      await check(await ask(resources, path, { method }), expected);
    });
  }
}
