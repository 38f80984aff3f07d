import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { PeerFetch } from '../../src/homeserver/federation/peers.js';
import { isSignedBy, SigningKey } from '../../src/homeserver/rooms/model/signing-key.js';
import { encodeCanonicalJson } from '../../src/matrix/canonical-json.js';
import type { ServerName } from '../../src/matrix/ids.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { startHomeserver } from '../../src/testing/index.js';
import { EmbeddedHomeserver, type TestAnswer } from '../support/embedded-homeserver.js';
import { ManualTimers } from '../support/manual-timers.js';

const day = 86_400_000;
const query = '/_matrix/key/v2/query';

interface World {
  readonly hs: EmbeddedHomeserver;
  readonly clock: ManualTimers;
  readonly own: SigningKey;
  readonly ask: (serverKeys: unknown) => Promise<TestAnswer>;
}

async function open(t: TestContext): Promise<World> {
  const clock = new ManualTimers();
  clock.advance(1_000 * day);
  const hs = await EmbeddedHomeserver.open(t, { clock });
  const { signingKey } = hs.homeserver.services.federation.rooms;
  const ask = (serverKeys: unknown): Promise<TestAnswer> =>
    hs.request(undefined, 'POST', query, { server_keys: serverKeys });
  return { hs, clock, own: signingKey, ask };
}

/** A server that tells its keys, and how often it was asked. */
class KeyServer {
  asked = 0;

  constructor(
    readonly name: string,
    readonly key: SigningKey,
    private readonly change: (keys: JsonObject) => JsonObject = (keys) => keys,
    private readonly signWith = key,
  ) {}

  readonly fetch: PeerFetch = async () => {
    this.asked++;
    return Response.json(this.told);
  };

  connectTo({ hs }: World): this {
    hs.homeserver.services.federation.peers.connect(this.name as ServerName, this.fetch);
    return this;
  }

  get told(): JsonObject {
    const keys = this.change({
      server_name: this.name,
      valid_until_ts: 1_001 * day,
      verify_keys: { [this.key.keyId]: { key: this.key.publicKey } },
      old_verify_keys: { 'ed25519:old': { key: SigningKey.generate().publicKey, expired_ts: 5 } },
    });
    return { ...keys, signatures: this.signWith.signatures(this.name as ServerName, encodeCanonicalJson(keys)) };
  }
}

function assertVouched(answer: TestAnswer, { own }: World, server: string, key: SigningKey): void {
  assert.equal(answer.status, 200, answer.text);
  const [told, ...more] = answer.listAt('server_keys') as readonly JsonObject[];
  assert.ok(told !== undefined && more.length === 0, answer.text);
  assert.equal(told['server_name'], server);
  assert.ok(isSignedBy(told, server, key.keyId, key.publicKey), 'signed by the server');
  assert.ok(isSignedBy(told, 'hs.test', own.keyId, own.publicKey), 'signed by the notary');
}

test('the own key is vouched for once it was asked for by its ID, as on Synapse', async (t) => {
  const world = await open(t);
  const { hs, own, ask } = world;
  const all = `${query}/hs.test`;
  assert.deepEqual((await hs.request(undefined, 'GET', all)).body, { server_keys: [] });
  assert.deepEqual((await ask({ 'hs.test': {} })).body, { server_keys: [] });
  const answer = await ask({ 'hs.test': { [own.keyId]: { minimum_valid_until_ts: null } } });
  assertVouched(answer, world, 'hs.test', own);
  const told = await hs.request(undefined, 'GET', '/_matrix/key/v2/server');
  assert.deepEqual(answer.body, { server_keys: [told.body] });
  for (const path of [all, `${all}/`, `${all}/${own.keyId}`, `${query}/hs%2Etest`]) {
    assert.deepEqual((await hs.request(undefined, 'GET', path)).body, answer.body, path);
  }
  const beyond = { minimum_valid_until_ts: 9_000 * day };
  assert.deepEqual((await ask({ 'hs.test': { [own.keyId]: beyond } })).body, answer.body, 'better than none');
});

test('keys of other servers are fetched once, and vouched for while they are valid', async (t) => {
  const world = await open(t);
  const { hs, clock, ask } = world;
  const other = new KeyServer('other.test', SigningKey.generate()).connectTo(world);
  const { keyId } = other.key;
  const path = `${query}/other.test/${keyId}`;
  assert.deepEqual((await hs.request(undefined, 'GET', `${query}/other.test`)).body, { server_keys: [] });
  assert.equal(other.asked, 0, 'without a key ID, nobody is asked');
  assertVouched(await hs.request(undefined, 'GET', path), world, 'other.test', other.key);
  assertVouched(await hs.request(undefined, 'GET', `${query}/other.test`), world, 'other.test', other.key);
  assertVouched(
    await ask({ 'other.test': { [keyId]: { minimum_valid_until_ts: 5 } } }),
    world,
    'other.test',
    other.key,
  );
  assert.equal(other.asked, 1);

  await ask({ 'other.test': { [keyId]: { minimum_valid_until_ts: 1_002 * day } } });
  assert.equal(other.asked, 2, 'it has to be valid for longer');
  clock.advance(day / 2);
  await hs.request(undefined, 'GET', path);
  assert.equal(other.asked, 2, 'half of its time is not over');
  clock.advance(1);
  await hs.request(undefined, 'GET', path);
  assert.equal(other.asked, 3, 'half of its time is over');
  await hs.request(undefined, 'GET', `${path}?minimum_valid_until_ts=5`);
  assert.equal(other.asked, 3, 'the time that is asked for is enough');

  const old = await ask({ 'other.test': { 'ed25519:old': { minimum_valid_until_ts: 5 } } });
  assertVouched(old, world, 'other.test', other.key);
});

test('several keys of a server are one answer, unknown keys and servers none', async (t) => {
  const world = await open(t);
  const { ask } = world;
  const other = new KeyServer('other.test', SigningKey.generate()).connectTo(world);
  const third = new KeyServer('third.test', SigningKey.generate()).connectTo(world);
  const any = { minimum_valid_until_ts: null };
  const answer = await ask({
    'other.test': { [other.key.keyId]: any, 'ed25519:old': any, 'ed25519:none': any },
    'third.test': { [third.key.keyId]: any },
    'nowhere.test': { 'ed25519:a': any },
    '': { '': any },
    constructor: { toString: any },
  });
  const names = answer.listAt('server_keys').map((told) => told['server_name']);
  assert.deepEqual(names, ['other.test', 'third.test']);
  assert.deepEqual([other.asked, third.asked], [1, 1]);
  assert.deepEqual((await ask({})).body, { server_keys: [] });
});

test('what a server did not say of itself is not vouched for', async (t) => {
  const world = await open(t);
  const forger = SigningKey.generate();
  const servers = [
    new KeyServer('forged.test', SigningKey.generate(), undefined, forger),
    new KeyServer('named.test', SigningKey.generate(), (keys) => ({ ...keys, server_name: 'hs.test' })),
    new KeyServer('timeless.test', SigningKey.generate(), ({ valid_until_ts: _until, ...keys }) => keys),
    new KeyServer('keyless.test', SigningKey.generate(), (keys) => ({ ...keys, verify_keys: {} })),
    new KeyServer('listing.test', SigningKey.generate(), (keys) => ({ ...keys, verify_keys: [] })),
  ];
  for (const server of servers) {
    server.connectTo(world);
    const answer = await world.ask({ [server.name]: { [server.key.keyId]: { minimum_valid_until_ts: 5 } } });
    assert.deepEqual([answer.status, answer.body], [200, { server_keys: [] }], server.name);
    assert.equal(server.asked, 1);
  }
});

test('a server that fails is told of in the log, and the others are answered for', async (t) => {
  const world = await open(t);
  const { hs, ask } = world;
  const other = new KeyServer('other.test', SigningKey.generate()).connectTo(world);
  const { peers } = hs.homeserver.services.federation;
  peers.connect('broken.test' as ServerName, () => Promise.reject(new Error('line cut')));
  peers.connect('garbled.test' as ServerName, async () => new Response('<html>'));
  peers.connect('refusing.test' as ServerName, async () => new Response('{}', { status: 500 }));
  const any = { 'ed25519:a': { minimum_valid_until_ts: null } };
  const wanted = { 'broken.test': any, 'garbled.test': any, 'refusing.test': any };
  const answer = await ask({ ...wanted, 'other.test': { [other.key.keyId]: { minimum_valid_until_ts: null } } });
  assertVouched(answer, world, 'other.test', other.key);
  for (const name of ['broken.test', 'garbled.test']) {
    assert.ok(
      hs.log.lines.some((line) => JSON.stringify(line).includes(`Error looking up keys from ${name}`)),
      name,
    );
  }
});

// Recorded from Synapse 1.163.2.
const refusals: readonly (readonly [body: unknown, errcode: string])[] = [
  ['', 'M_NOT_JSON'],
  [[], 'M_BAD_JSON'],
  [{}, 'M_MISSING_PARAM'],
  [{ server_keys: 5 }, 'M_BAD_JSON'],
  [{ server_keys: null }, 'M_BAD_JSON'],
  [{ server_keys: { a: 5 } }, 'M_BAD_JSON'],
  [{ server_keys: { a: { b: 5 } } }, 'M_BAD_JSON'],
  [{ server_keys: { a: { b: {} } } }, 'M_MISSING_PARAM'],
  [{ server_keys: { a: { b: {}, c: {} } } }, 'M_BAD_JSON'],
  [{ server_keys: { a: { b: {} }, c: { d: {} } } }, 'M_BAD_JSON'],
  [{ server_keys: { a: { b: { minimum_valid_until_ts: 'x' } } } }, 'M_BAD_JSON'],
  [{ server_keys: { a: { b: { minimum_valid_until_ts: 1.5 } }, c: [] } }, 'M_BAD_JSON'],
];

for (const [body, errcode] of refusals) {
  test(`the question ${JSON.stringify(body)} is refused with ${errcode}`, async (t) => {
    const { hs } = await open(t);
    const answer = await hs.request(undefined, 'POST', query, body);
    assert.deepEqual([answer.status, answer.at('errcode')], [400, errcode], answer.text);
  });
}

test('a wrong time is refused, and so are other methods', async (t) => {
  const { hs } = await open(t);
  const path = `${query}/hs.test/ed25519:a`;
  for (const [time, error] of [
    ['x', 'Query parameter minimum_valid_until_ts must be an integer'],
    ['-1', 'Query parameter minimum_valid_until_ts must be a positive integer.'],
  ]) {
    const answer = await hs.request(undefined, 'GET', `${path}?minimum_valid_until_ts=${time ?? ''}`);
    assert.deepEqual([answer.status, answer.body], [400, { errcode: 'M_INVALID_PARAM', error }]);
  }
  const others = [
    ['GET', query],
    ['PUT', query],
    ['POST', `${query}/hs.test`],
    ['PUT', path],
    ['DELETE', `${query}/hs.test`],
    ['POST', '/_matrix/key/v2/server'],
  ] as const;
  for (const [method, target] of others) {
    const { status, body } = await hs.request(undefined, method, target);
    assert.deepEqual([status, body], [405, { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' }], target);
  }
  assert.equal((await hs.request(undefined, 'GET', `${path}/more`)).status, 404);
});

test('the key of a remote server of the testing kit is vouched for', async () => {
  await using hs = await startHomeserver({ modules: [] });
  const other = await hs.remote('other.test');
  const alice = await hs.user('alice');
  await other.invite('@mallory:other.test', alice.userId);
  const { body } = await hs.request('GET', `${query}/other.test`);
  const [told] = body['server_keys'] as readonly JsonObject[];
  assert.deepEqual(Object.keys(told?.['signatures'] as JsonObject).sort(), ['localhost', 'other.test']);
});
