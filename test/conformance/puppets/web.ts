import { setTimeout as delay } from 'node:timers/promises';
import type { ModuleApi } from '../../../src/module-api/module-api.js';
import type { WebHandler, WebResourceLike, WebResourceOptions } from '../../../src/web/web-resource.js';
import { parseJsonObjectFromRequest } from '../../../src/web/json-request.js';
import { segmentsOfRegistration } from '../../../src/web/web-path.js';
import type { HandlerSpec, JsonRecord, ResourceSpec } from '../format.js';
import { substitute } from '../variables.js';
import { encode, encodeBytes } from './encode.js';
import { callModuleApi } from './module-api.js';
import { errorFor } from './raise.js';
import type { Theatre } from './theatre.js';

/** A web resource as it is registered. */
export interface PuppetResource {
  readonly path: string;
  readonly resource: WebResourceLike;
  readonly options: WebResourceOptions;
}

/** The resource that a case describes, and its children, each with the path it is registered at. */
export function makeResources(spec: ResourceSpec, api: ModuleApi, theatre: Theatre): PuppetResource[] {
  const kind = spec.kind ?? 'json';
  const isLeaf = spec.leaf ?? true;
  const depth = segmentsOfRegistration(spec.path).length;
  const handlers = Object.entries(spec.methods ?? {}).map(([method, handler]): [string, WebHandler] => [
    method,
    (request) => answer(substitute(handler, theatre.variables), request, { api, kind, depth }),
  ]);
  const resource = Object.fromEntries(handlers) as WebResourceLike;
  const options: WebResourceOptions = { subtree: isLeaf, kind: kind === 'raw' ? 'plain' : kind };
  // Children of a leaf cannot be reached.
  const children = isLeaf ? [] : Object.entries(spec.children ?? {});
  return [
    { path: spec.path, resource, options },
    ...children.flatMap(([name, child]) => makeResources({ ...child, path: `${spec.path}/${name}` }, api, theatre)),
  ];
}

interface Stage {
  readonly api: ModuleApi;
  readonly kind: 'json' | 'html' | 'raw';
  /** How many segments of a path belong to the resource itself. */
  readonly depth: number;
}

async function answer(spec: HandlerSpec, request: Request, stage: Stage): Promise<Response> {
  if (spec.auth !== undefined) {
    return respond(
      { json: await encode(await callModuleApi(stage.api, 'get_user_by_req', [request], spec.auth)) },
      stage,
    );
  }
  if (spec.raise !== undefined) throw errorFor(spec.raise);
  if (spec.sso !== undefined) {
    const { user_id: userId, redirect, kwargs } = spec.sso;
    return (await callModuleApi(
      stage.api,
      'complete_sso_login_async',
      [userId, request, redirect],
      kwargs,
    )) as Response;
  }
  if (spec.parse_json !== undefined) {
    return respond({ json: { parsed: await encode(await parseJsonObjectFromRequest(request)) } }, stage);
  }
  if (spec.delay_ms !== undefined) await delay(spec.delay_ms);
  if (spec.echo === true) return respond({ ...spec, json: await echo(request, stage.depth) }, stage);
  return respond(spec, stage);
}

function respond(spec: HandlerSpec, stage: Stage): Response {
  const { status = 200 } = spec;
  const overwritten = headersOfSynapse(spec, stage.kind);
  const headers = Object.entries(spec.headers ?? {}).filter(([name]) => !overwritten.test(name));
  const init = { status, headers: Object.fromEntries(headers) };
  if ([101, 204, 205, 304].includes(status)) return new Response(null, init);
  if (!Object.hasOwn(spec, 'json')) {
    const bytes = spec.base64 === undefined ? Buffer.from(spec.text ?? '') : Buffer.from(spec.base64, 'base64');
    return new Response(new Uint8Array(bytes), init);
  }
  if (stage.kind === 'json') return Response.json(spec.json ?? null, init);
  return new Response(new TextEncoder().encode(JSON.stringify(spec.json ?? null)), init);
}

/** Where Synapse writes the answer, it writes these headers over those of the resource. */
function headersOfSynapse(spec: HandlerSpec, kind: Stage['kind']): RegExp {
  if (kind === 'html') return /^(?:content-type|x-frame-options|content-security-policy)$/i;
  const isJson = kind === 'json' && (Object.hasOwn(spec, 'json') || spec.echo === true);
  return isJson ? /^(?:content-type|access-control-.*)$/i : /^$/;
}

async function echo(request: Request, depth: number): Promise<JsonRecord> {
  const [path = '', query = ''] = request.url.replace(/^\w+:\/\/[^/?#]*/, '').split('?', 2);
  const body = new Uint8Array(await request.arrayBuffer());
  const isForm =
    request.method === 'POST' && request.headers.get('content-type')?.toLowerCase().startsWith(formType) === true;
  const args = { ...parseQuery(query), ...(isForm ? parseQuery(new TextDecoder().decode(body)) : {}) };
  return {
    method: request.method,
    path,
    args,
    postpath: path
      .split('/')
      .slice(1 + depth)
      .map(decodeSegment),
    header: textOfHeader(request.headers.get('x-test')),
    body: encodeBytes(body),
  };
}

const formType = 'application/x-www-form-urlencoded';

/** Fetch reads the bytes of a header as Latin-1, Twisted as UTF-8. */
function textOfHeader(value: string | null): string | null {
  return value === null ? null : Buffer.from(value, 'latin1').toString('utf8');
}

/** Twisted's reading of a query: pairs without `=` do not count, and a semicolon parts them as well. */
function parseQuery(query: string): Record<string, string[]> {
  const args: Record<string, string[]> = {};
  for (const pair of query.split(/[&;]/).filter((text) => text.includes('='))) {
    const at = pair.indexOf('=');
    const name = decodeSegment(pair.slice(0, at).replaceAll('+', ' '));
    (args[name] ??= []).push(decodeSegment(pair.slice(at + 1).replaceAll('+', ' ')));
  }
  return args;
}

function decodeSegment(segment: string): string {
  const bytes = segment.replace(/%([0-9a-fA-F]{2})|[^%]|%/gs, (match, hex: string | undefined) =>
    hex === undefined ? Buffer.from(match).toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
