import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Route } from '../../src/homeserver/http/server/route.js';
import { PathRouter } from '../../src/homeserver/http/server/path-router.js';
import { EmbeddedHomeserver, type TestAnswer, type TestUser } from '../support/embedded-homeserver.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Bodies that no endpoint takes. */
const notJson: readonly (readonly [name: string, body: Uint8Array | string])[] = [
  ['invalid UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ['half an object', '{"a": 1'],
  ['two objects', '{} {}'],
  ['NaN', '{"a": NaN}'],
  ['100,000 open brackets', '['.repeat(100_000)],
  ['an object 50,000 deep', '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
  ['a byte order mark', '\ufeff{}'],
];

/** Bodies that are JSON, but not what any endpoint expects. */
const notAnObject = ['[]', '"text"', '1', 'true', '[{"user_id":"@a:b"}]'];

/** Bodies that must not reach code that could stumble over them. */
const dangerous: readonly (readonly [name: string, body: string])[] = [
  ['a number that overflows', '{"a": 1e999}'],
  ['a member named __proto__', '{"__proto__": {"isAdmin": true}}'],
  ['a nested member named __proto__', '{"a": {"b": [{"\\u005f_proto__": 1}]}}'],
  ['half a surrogate pair', '{"a": "\\ud800"}'],
];

/** Values of which at most one is right wherever one is put. */
const wrongValues: readonly Json[] = [
  null,
  -1.5,
  123456789012345680,
  '\u0000',
  'constructor',
  [1, null, {}],
  { constructor: { prototype: 1 }, toString: 2, hasOwnProperty: null, length: -1 },
];

/** Path segments that name nothing; percent-encoded. */
const wrongSegments = [
  'constructor',
  '__proto__',
  '%00',
  '%ff%fe',
  '',
  'x'.repeat(300),
  '%40',
  '%21',
  '%23:',
  '%24',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%F0%9F%92%A9',
  '-1',
  '1e999',
];

/** What the world outside would have to answer, and Twisted's page for a method that a plain resource does not know. */
const harmless = new Set([501, 502, 504]);

/** Endpoints that can end a session. */
const mayEnd = /logout|deactivate|device|password|users|suspend|lock/;

/** Resources of Twisted's own kind, whose errors are no JSON. */
const plain = new Set([
  '/',
  '/health',
  '/.well-known',
  '/.well-known/matrix',
  '/.well-known/matrix/server',
  '/_matrix/static',
  '/_matrix/static/',
]);

/** Members that endpoints read; tried at every endpoint besides those that its example has. */
const knownMembers = `access_token action actions address admin append auth auth_type avatar_url bind block burst_count
  canonical_alias child_limit class code content creation_content data deactivated default delete_devices
  device_id device_keys device_signing devices display_name displayname email enabled erase event_id
  event_type fallback_keys filter from guest_access_token guest_accounts_forbidden history_visibility id_access_token
  id_server identifier inhibit_login initial_device_display_name initial_state invite invite_3pid is_direct kind
  lang limit local_part logout_devices mac master_key mapping medium membership message messages
  messages_per_second name new_password new_version nonce num_filters one_time_keys order password pattern
  power_level_content_override presence preset profile_tag purge pushkey reason receipt redacts refresh_token
  room_alias_name room_id room_version rooms score search_categories search_term self_signing_key send_attempt
  servers session sid since state_key status_msg suspended tag third_party_signed third_party_instance_id
  threepid threepids third_party timeout token topic ts type typing usage_limit user user_id user_signing_key
  user_type username visibility events m.fully_read m.read m.read.private thread_id matrix_server_name conditions`.split(
  /\s+/,
);

class Attack {
  readonly counts = new Map<number, number>();
  readonly faults: string[] = [];
  private user!: TestUser;
  private admin!: TestUser;
  private roomId = '';
  private number = 0;
  private mayBeLoggedOut = true;
  private readonly examples: PathRouter<Route>;
  private readonly bodies = new Map<Route, Json[]>();

  constructor(readonly hs: EmbeddedHomeserver) {
    this.examples = new PathRouter();
    for (const route of this.routes) for (const path of route.paths) this.examples.add(route.method, path, route);
  }

  get routes(): readonly Route[] {
    return this.hs.homeserver.services.routes;
  }

  /** Takes bodies that endpoints expect from the requests of the conformance cases. */
  readExamples(directory: string): void {
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
      for (const [method, path, body] of requestsIn(JSON.parse(readFileSync(join(directory, file), 'utf8')) as Json)) {
        const found = this.examples.find(method, path.split('?', 1).join(''));
        if (found.kind !== 'found') continue;
        const bodies = this.bodies.get(found.value) ?? [];
        const known = new Set(bodies.map((example) => shapeOf(example)));
        if (bodies.length < 4 && !known.has(shapeOf(body))) this.bodies.set(found.value, [...bodies, body]);
      }
    }
  }

  async attackAll(): Promise<void> {
    for (const route of this.routes) if (!plain.has(route.paths[0] ?? '')) await this.attackRoute(route);
  }

  private async attackRoute(route: Route): Promise<void> {
    await this.attackPath(route);
    if (route.method === 'GET') {
      await this.attackQuery(route);
      return;
    }
    for (const [name, body] of [...notJson, ...dangerous]) await this.send(route, body, name);
    for (const body of notAnObject) await this.send(route, body, body);
    const examples = [
      {},
      Object.fromEntries(knownMembers.map((name) => [name, {}])),
      ...(this.bodies.get(route) ?? []),
    ];
    for (const example of examples) {
      for (const value of wrongValues) {
        for (const body of withEach(example, value)) await this.send(route, JSON.stringify(body), '');
      }
    }
    for (const value of wrongValues) {
      const everything = Object.fromEntries(knownMembers.map((name) => [name, value]));
      await this.send(route, JSON.stringify(everything), '');
    }
    if (this.bodies.has(route)) return;
    for (const name of knownMembers) {
      await this.send(route, JSON.stringify({ [name]: [1, null, {}] }), '');
    }
  }

  private async attackPath(route: Route): Promise<void> {
    const path = route.paths.at(-1) ?? '';
    const body = route.method === 'GET' ? undefined : JSON.stringify(this.bodies.get(route)?.[0] ?? {});
    for (const [parameter] of path.matchAll(/:\w+/g)) {
      for (const value of wrongSegments) {
        await this.sendTo(route, path.replace(parameter, value), body, '');
      }
    }
  }

  private async attackQuery(route: Route): Promise<void> {
    const queries = [
      'limit=-1&dir=x&from=%00&to=%ff&since=s99999999999999999999&timeout=1e9&filter=%7B%22room%22%3A%5B%5D%7D&at=x',
      'limit=abc&ts=abc&width=-1&height=1e99&method=%ff&server=%00&user_id=%40&access_token=1&order_by=constructor',
      'from=__proto__&filter=%7B%22__proto__%22%3A1%7D&width=0&height=0&set_presence=x&full_state=2&dir=f&limit=1.5',
      'filter=%5B%5D&limit=99999999999999999999999&from=-5&timeout=0&since=&width=99999999&height=99999999&ts=-1&dir=b',
      '%ff%fe=%c3%28&=&&;&limit=&from=&user_id=%40alice%3Ahs.test',
    ];
    for (const query of queries) await this.send(route, undefined, query, `?${query}`);
  }

  private async send(route: Route, body: Uint8Array | string | undefined, name: string, query = ''): Promise<void> {
    await this.sendTo(route, (route.paths.at(-1) ?? '') + query, body, name);
  }

  private async sendTo(route: Route, path: string, body: Uint8Array | string | undefined, name: string): Promise<void> {
    const isAdmin = path.startsWith('/_synapse/admin');
    await this.keepAlive(isAdmin);
    const target = path.replace(/:(\w+)/g, (_whole, parameter: string) => encodeURIComponent(this.valueOf(parameter)));
    const answer = await this.hs.request(isAdmin ? this.admin : this.user, route.method, target, body);
    this.mayBeLoggedOut = answer.status === 401 || (answer.status === 200 && mayEnd.test(path));
    this.judge(answer, `${route.method} ${target} ${name === '' ? String(body) : name}`);
  }

  private judge(answer: TestAnswer, what: string): void {
    const { status, text } = answer;
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
    const isFault = status >= 500 && !harmless.has(status);
    if (!isFault && (status < 400 || isMatrixError(answer))) return;
    const { err } = this.hs.log.lines.at(-1)?.fields ?? {};
    if (isOutside(err)) return;
    const stack = err instanceof Error ? err.stack : undefined;
    this.faults.push(`${status} ${text.slice(0, 120)} <- ${what.slice(0, 300)} ${stack ?? ''}`);
  }

  /** Some requests log out, deactivate or leave: then others go on. */
  private async keepAlive(isAdmin: boolean): Promise<void> {
    if (this.mayBeLoggedOut && !(await this.isAlive(this.user))) {
      this.user = await this.hs.register(`user${this.number++}`);
      this.roomId = '';
    }
    if (isAdmin && !(await this.isAlive(this.admin))) {
      this.admin = await this.hs.register(`admin${this.number++}`);
      this.hs.homeserver.services.userStore.setFlag(this.admin.userId as never, 'admin', true);
    }
    const isIn = this.hs.homeserver.services.rooms.states.membership(this.user.userId as never, this.roomId as never);
    if (isIn?.membership !== 'join') this.roomId = await this.hs.createRoom(this.user);
  }

  private async isAlive(user: TestUser | undefined): Promise<boolean> {
    if (user === undefined) return false;
    return (await this.hs.request(user, 'GET', '/_matrix/client/v3/account/whoami')).status === 200;
  }

  private valueOf(parameter: string): string {
    const values: Readonly<Record<string, string>> = {
      roomId: this.roomId,
      roomIdOrAlias: this.roomId,
      room: this.roomId,
      userId: this.user.userId,
      user: this.user.userId,
      deviceId: this.user.deviceId,
      eventType: 'm.room.message',
      type: 'm.room.message',
      eventId: '$x',
      txnId: `t${this.number++}`,
      roomAlias: `#a${this.number}:hs.test`,
      alias: `#a${this.number}:hs.test`,
      serverName: 'hs.test',
      filterId: '0',
      receiptType: 'm.read',
      kind: 'override',
      scope: 'global',
    };
    return values[parameter] ?? 'x';
  }
}

/** The example with one member at a time, however deep, replaced; and with the member taken out of nothing at all. */
function* withEach(example: Json, value: Json): Generator<Json> {
  if (typeof example !== 'object' || example === null) return;
  const entries: [string, Json][] = Array.isArray(example)
    ? example.slice(0, 2).map((item, index) => [String(index), item])
    : Object.entries(example);
  if (entries.length > 60) return;
  for (const [key, member] of entries) {
    yield replace(example, key, value);
    for (const inner of withEach(member, value)) yield replace(example, key, inner);
  }
}

/** An identity server that the request names is not there: Synapse fails, too. */
function isOutside(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'fetch failed';
}

function isMatrixError(answer: TestAnswer): boolean {
  return typeof answer.at('errcode') === 'string' || typeof answer.at('flows') === 'object';
}

function replace(example: Json, key: string, value: Json): Json {
  if (Array.isArray(example)) return example.map((item, index) => (String(index) === key ? value : item));
  return { ...(example as { [key: string]: Json }), [key]: value };
}

function shapeOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(shapeOf).join()}]`;
  if (typeof value !== 'object' || value === null) return typeof value;
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${key}:${shapeOf(value[key] ?? null)}`)
    .join()}}`;
}

/** Every `"request": [METHOD, PATH, BODY]` in a file of cases. */
function* requestsIn(value: Json): Generator<readonly [method: string, path: string, body: Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) {
    const request = value['request'];
    if (Array.isArray(request)) {
      const [method, path, body] = request;
      if (typeof method === 'string' && typeof path === 'string' && typeof body === 'object')
        yield [method, path, body];
    }
  }
  for (const member of Object.values(value)) yield* requestsIn(member);
}

async function open(t: TestContext): Promise<Attack> {
  const hs = await EmbeddedHomeserver.open(t, { config: { registrationSharedSecret: 'secret' } });
  const attack = new Attack(hs);
  attack.readExamples('test/conformance/cases');
  return attack;
}

test('no hostile body makes an endpoint fail, and the server goes on', async (t) => {
  const attack = await open(t);
  await attack.attackAll();
  const refused = [...attack.counts].filter(([status]) => status >= 400 && status < 500);
  const sum = refused.reduce((total, [, count]) => total + count, 0);
  t.diagnostic(JSON.stringify(Object.fromEntries([...attack.counts].sort())));
  assert.deepEqual(attack.faults.slice(0, 30), []);
  assert.ok(sum >= 1000, `${sum} refusals`);
  assert.equal((await attack.hs.request(undefined, 'GET', '/_matrix/client/versions')).status, 200);
});
