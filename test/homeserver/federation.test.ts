import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FederationEventDelivery,
  Codes,
  Module,
  ModuleApi,
  NOT_SPAM,
  type MatrixEvent,
  type RoomId,
} from '../../src/index.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { type Actor, startHomeserver, type TestHomeserver, type RemoteServer } from '../../src/testing/index.js';

/** What modules were asked, in order; the answers of `rules` instead of the neutral ones. */
const asked: string[] = [];
let rules: Readonly<Record<string, (event: MatrixEvent) => unknown>> = {};

@Module()
class Witness {
  constructor(api: ModuleApi) {
    const ask =
      (name: string, neutral: unknown) =>
      async (event: MatrixEvent): Promise<never> => {
        asked.push(name);
        return (rules[name]?.(event) ?? neutral) as never;
      };
    api.registerSpamCheckerCallbacks({
      check_event_for_spam: ask('check_event_for_spam', NOT_SPAM),
      should_drop_federated_event: ask('should_drop_federated_event', false),
      federated_user_may_invite: ask('federated_user_may_invite', NOT_SPAM),
      user_may_invite: async () => {
        asked.push('user_may_invite');
        return NOT_SPAM;
      },
    });
    api.registerThirdPartyRulesCallbacks({
      on_new_event: async (event) => {
        asked.push(`on_new_event ${event.type}`);
      },
    });
    api.registerFederationCallbacks({
      on_event_delivered_over_federation: async ({ method, serverName }: FederationEventDelivery) => {
        asked.push(`delivered ${method} ${serverName}`);
      },
    });
  }
}

interface Pair {
  readonly hs: TestHomeserver;
  readonly other: RemoteServer;
  readonly alice: Actor;
}

async function startPair(): Promise<Pair> {
  rules = {};
  const hs = await startHomeserver({ modules: [Witness] });
  const [alice, other] = await Promise.all([hs.user('alice'), hs.remote('other.test')]);
  asked.length = 0;
  return { hs, other, alice };
}

async function openRoom(alice: Actor, options: JsonObject = {}): Promise<RoomId> {
  return alice.createRoom({ preset: 'public_chat', ...options });
}

async function bodiesIn(actor: Actor, roomId: RoomId): Promise<unknown[]> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=50`;
  const { body } = await actor.request('GET', path);
  const chunk = body['chunk'] as readonly { type: string; content: JsonObject }[];
  return chunk.filter((event) => event.type === 'm.room.message').map((event) => event.content['body']);
}

async function membersOf(actor: Actor, roomId: RoomId): Promise<Record<string, unknown>> {
  const { body } = await actor.request('GET', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/members`);
  const chunk = body['chunk'] as readonly { state_key: string; content: JsonObject }[];
  return Object.fromEntries(chunk.map((event) => [event.state_key, event.content['membership']]));
}

for (const version of ['1', '3', '10', '11', '12']) {
  test(`a user of another server joins a room of version ${version}, and both sides read what the other writes`, async (t) => {
    const { hs, other, alice } = await startPair();
    t.after(() => hs.close());
    const roomId = await openRoom(alice, { room_version: version });
    const joined = await other.join('bob', roomId);
    assert.equal(joined.status, 200, JSON.stringify(joined.body));
    assert.deepEqual(await membersOf(alice, roomId), { '@alice:localhost': 'join', '@bob:other.test': 'join' });

    await alice.send(roomId, 'from here');
    await hs.idle();
    await other.settle();
    const bob = await other.user('bob');
    assert.deepEqual(await bodiesIn(bob, roomId), ['from here']);
    const content = { msgtype: 'm.text', body: 'from there' };
    await other.send({ type: 'm.room.message', sender: bob.userId, roomId, content });
    assert.deepEqual(await bodiesIn(alice, roomId), ['from there', 'from here']);
  });
}

test('an invite from another server shows in sync; it can be accepted', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const invite = await other.invite('mallory', alice.userId);
  assert.equal(invite.status, 200, JSON.stringify(invite.body));
  assert.deepEqual(
    asked.filter((name) => name !== 'check_event_for_spam'),
    ['should_drop_federated_event', 'federated_user_may_invite', 'user_may_invite', 'on_new_event m.room.member'],
  );
  const { body } = await alice.request('GET', '/_matrix/client/v3/sync');
  const shown = (body['rooms'] as JsonObject | undefined)?.['invite'] as JsonObject;
  const state = (shown[invite.roomId] as { invite_state: { events: readonly { type: string }[] } }).invite_state.events;
  assert.ok(state.some((event) => event.type === 'm.room.create'));
  assert.equal(state.at(-1)?.type, 'm.room.member');
  assert.equal((await alice.join(invite.roomId)).status, 200);
  await hs.idle();
  assert.deepEqual(await membersOf(alice, invite.roomId), {
    '@alice:localhost': 'join',
    '@mallory:other.test': 'join',
  });
  assert.equal((await alice.send(invite.roomId, 'hello')).status, 200);
  await hs.idle();
  const mallory = await other.user('mallory');
  assert.deepEqual(await bodiesIn(mallory, invite.roomId), ['hello']);
  assert.ok(other.transactions.length >= 1);
});

test('an invite from another server can be declined, and its server learns of it', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const { roomId } = await other.invite('mallory', alice.userId);
  assert.equal((await alice.leave(roomId)).status, 200);
  await other.settle();
  assert.equal((await membersOf(await other.user('mallory'), roomId))['@alice:localhost'], 'leave');
});

test('an invite can be declined when its server is gone', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const { roomId } = await other.invite('mallory', alice.userId);
  await other.close();
  const answer = await alice.leave(roomId);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { body } = await alice.request('GET', '/_matrix/client/v3/sync');
  assert.equal((body['rooms'] as JsonObject | undefined)?.['invite'], undefined);
});

test('an invite that a module refuses is refused to the inviter with its code', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  rules = { federated_user_may_invite: () => Codes.LIMIT_EXCEEDED };
  const { status, errcode, error } = await other.invite('mallory', alice.userId);
  assert.deepEqual(
    [status, errcode, error],
    [403, 'M_LIMIT_EXCEEDED', 'This user is not permitted to send invites to this server/user'],
  );
});

test('an invite that a module takes for spam still succeeds, without what its server said of the room', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  rules = { check_event_for_spam: () => Codes.FORBIDDEN };
  const { status, roomId } = await other.invite('mallory', alice.userId);
  assert.equal(status, 200);
  const { body } = await alice.request('GET', '/_matrix/client/v3/sync');
  const invited = ((body['rooms'] as JsonObject)['invite'] as JsonObject)[roomId] as JsonObject;
  assert.equal(((invited['invite_state'] as JsonObject)['events'] as readonly unknown[]).length, 1);
});

test('a user of another server is invited and joins', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await alice.createRoom({});
  const bob = await other.user('bob');
  assert.equal((await alice.invite(roomId, bob.userId)).status, 200);
  assert.equal((await bob.join(roomId)).status, 200);
  await other.settle();
  assert.equal((await membersOf(alice, roomId))['@bob:other.test'], 'join');
});

test('a join from elsewhere asks modules in the order of Synapse and tells them what was delivered', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice);
  await hs.idle();
  asked.length = 0;
  await other.join('bob', roomId);
  assert.deepEqual(asked, ['check_event_for_spam', 'on_new_event m.room.member', 'delivered SEND_JOIN other.test']);
  asked.length = 0;
  await alice.send(roomId, 'hello');
  await hs.idle();
  assert.deepEqual(asked, ['check_event_for_spam', 'on_new_event m.room.message', 'delivered SEND other.test']);
  asked.length = 0;
  const content = { msgtype: 'm.text', body: 'hello' };
  await other.send({ type: 'm.room.message', sender: (await other.user('bob')).userId, roomId, content });
  assert.deepEqual(asked, ['check_event_for_spam', 'should_drop_federated_event', 'on_new_event m.room.message']);
});

test('a message from elsewhere that a module takes for spam is not shown; one that it drops is not stored', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice);
  await other.join('bob', roomId);
  const sender = (await other.user('bob')).userId;
  const say = (body: string): Promise<unknown> =>
    other.send({ type: 'm.room.message', sender, roomId, content: { msgtype: 'm.text', body } });
  rules = {
    check_event_for_spam: (event) => (event.content['body'] === 'spam' ? Codes.FORBIDDEN : NOT_SPAM),
    should_drop_federated_event: (event) => event.content['body'] === 'drop',
  };
  await say('spam');
  assert.equal(asked.at(-1), 'on_new_event m.room.message');
  asked.length = 0;
  await say('fine');
  await say('drop');
  assert.equal(asked.at(-1), 'should_drop_federated_event');
  assert.deepEqual(await bodiesIn(alice, roomId), ['fine']);
});

test('members of other servers are banned, and what they send after that is not shown', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice);
  await other.join('bob', roomId);
  const bob = await other.user('bob');
  const ban = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/ban`;
  assert.equal((await alice.request('POST', ban, { user_id: bob.userId })).status, 200);
  await hs.idle();
  assert.equal((await bob.send(roomId, 'still here')).status, 403);
  const { body } = await alice.request('GET', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b`);
  const join = (body['chunk'] as readonly { event_id: string; state_key?: string; content: JsonObject }[]).find(
    (event) => event.state_key === bob.userId && event.content['membership'] === 'join',
  );
  const state = await alice.request('GET', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/state`);
  assert.equal(state.status, 200);
  assert.ok(join);
});

test('what is no event, or not signed by its server, is refused without harm', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice);
  await other.join('bob', roomId);
  const good = {
    type: 'm.room.message',
    room_id: roomId,
    sender: '@bob:other.test',
    content: { msgtype: 'm.text', body: 'x' },
    origin_server_ts: 1,
    depth: 20,
    prev_events: [],
    auth_events: [],
  };
  const forged = other.signEvent('12', { ...good, sender: '@alice:localhost' });
  const pdus = [
    null,
    1,
    [],
    {},
    { ...good, depth: 'deep' },
    { ...good, prev_events: [{}] },
    forged.event,
  ] as JsonObject[];
  const answer = await other.request('PUT', '/_matrix/federation/v1/send/1', { origin: 'other.test', pdus });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body['pdus'], {
    [forged.eventId]: {
      error: 'ERROR 403: unable to verify signature for sender domain localhost: 400: Not signed by localhost',
    },
  });
  assert.deepEqual(await bodiesIn(alice, roomId), []);
  const again = await other.request('PUT', '/_matrix/federation/v1/send/1', { pdus: [] });
  assert.deepEqual(again.body, answer.body);
});

const requests: readonly (readonly [method: string, path: string, content: JsonObject | undefined, status: number])[] =
  [
    ['PUT', '/v1/send/t', { pdus: 7 }, 400],
    ['PUT', '/v1/send/t2', { edus: [1] }, 400],
    ['PUT', '/v2/invite/!a:b/$c', {}, 400],
    ['PUT', '/v2/invite/!a:b/$c', { room_version: '99', event: {} }, 400],
    ['PUT', '/v2/invite/!a:b/$c', { room_version: '10', event: 'x' }, 400],
    ['PUT', '/v2/invite/!a:b/$c', { room_version: '10', event: { type: 1, depth: 1 } }, 400],
    ['PUT', '/v2/send_join/!a:b/$c', {}, 400],
    ['PUT', '/v2/send_join/!a:b/$c', { room_id: '!a:b' }, 404],
    ['GET', '/v1/make_join/!a:b/@bob:other.test', undefined, 404],
    ['GET', '/v1/make_join/!a:b/nonsense', undefined, 404],
    ['GET', '/v1/make_knock/!a:b/@bob:other.test', undefined, 400],
    ['GET', '/v1/state/!a:b?event_id=x', undefined, 403],
    ['GET', '/v1/state/!a:b', undefined, 400],
    ['GET', '/v1/event/x', undefined, 404],
    ['GET', '/v1/backfill/!a:b?v=x&limit=y', undefined, 400],
    ['GET', '/v1/backfill/!a:b?limit=3', undefined, 400],
    ['POST', '/v1/get_missing_events/!a:b', { latest_events: 1 }, 400],
  ];

for (const [method, path, content, status] of requests) {
  test(`${method} ${path} with ${JSON.stringify(content)} is ${String(status)}`, async (t) => {
    const { hs, other } = await startPair();
    t.after(() => hs.close());
    const answer = await other.request(method, `/_matrix/federation${path}`, content);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (status !== 404 || path !== '/v1/event/x') assert.match(answer.errcode ?? '', /^M_/);
  });
}

test('servers in a room read its events, state and history', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice, { room_version: '10' });
  await other.join('bob', roomId);
  const { body } = await alice.send(roomId, 'hello');
  await hs.idle();
  asked.length = 0;
  const eventId = body['event_id'] as string;
  const get = async (path: string): Promise<JsonObject> =>
    (await other.request('GET', `/_matrix/federation/v1${path}`)).body;
  const event = await get(`/event/${encodeURIComponent(eventId)}`);
  assert.equal((event['pdus'] as readonly { content: JsonObject }[])[0]?.content['body'], 'hello');
  const state = await get(`/state/${roomId}?event_id=${encodeURIComponent(eventId)}`);
  assert.ok((state['pdus'] as readonly unknown[]).length >= 6);
  const ids = await get(`/state_ids/${roomId}?event_id=${encodeURIComponent(eventId)}`);
  assert.equal((ids['pdu_ids'] as readonly unknown[]).length, (state['pdus'] as readonly unknown[]).length);
  await get(`/event_auth/${roomId}/${encodeURIComponent(eventId)}`);
  const history = await get(`/backfill/${roomId}?v=${encodeURIComponent(eventId)}&limit=3`);
  assert.equal((history['pdus'] as readonly unknown[]).length, 3);
  const range = { earliest_events: [], latest_events: [eventId], limit: 2 };
  const missing = await other.request('POST', `/_matrix/federation/v1/get_missing_events/${roomId}`, range);
  assert.equal((missing.body['events'] as readonly unknown[]).length, 2);
  assert.deepEqual(
    asked,
    ['EVENT', 'STATE', 'EVENT_AUTH', 'BACKFILL', 'GET_MISSING_EVENTS'].map((name) => `delivered ${name} other.test`),
  );
});

test('requests that are not signed, or signed with an unknown key, are refused', async (t) => {
  const { hs, other } = await startPair();
  t.after(() => hs.close());
  const unsigned = await hs.request('GET', '/_matrix/federation/v1/event/x');
  assert.deepEqual(
    [unsigned.status, unsigned.errcode, unsigned.error],
    [401, 'M_UNAUTHORIZED', 'Missing Authorization headers'],
  );
  const stranger = await hs.remote('stranger.test');
  await stranger.close();
  const answer = await stranger.request('GET', '/_matrix/federation/v1/event/x');
  assert.equal(answer.status, 401);
  assert.match(
    answer.error ?? '',
    /^Failed to find any key to satisfy: _FetchKeyRequest\(server_name='stranger.test', /,
  );
  assert.equal(other.serverName, 'other.test');
});

test('a server can ask who this one is', async (t) => {
  const { hs } = await startPair();
  t.after(() => hs.close());
  const { body } = await hs.request('GET', '/_matrix/key/v2/server');
  assert.equal(body['server_name'], 'localhost');
  const version = await hs.request('GET', '/_matrix/federation/v1/version');
  assert.equal((version.body['server'] as JsonObject)['name'], 'Synapse');
});

test('servers out of reach are as far away as in Synapse', async (t) => {
  const { hs, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await openRoom(alice);
  const invite = await alice.invite(roomId, '@x:nowhere.test');
  assert.deepEqual([invite.status, invite.error], [502, "Can't connect to server nowhere.test"]);
  const join = await alice.request('POST', '/_matrix/client/v3/join/!a:nowhere.test?server_name=nowhere.test', {});
  assert.deepEqual([join.status, join.error], [502, 'Failed to make_join via any server']);
});
