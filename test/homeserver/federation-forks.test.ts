import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventId, RoomId } from '../../src/index.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { type Actor, type RemoteServer, startHomeserver, type TestHomeserver } from '../../src/testing/index.js';

interface ServerEvent {
  readonly event_id: EventId;
  readonly type: string;
  readonly state_key?: string;
  readonly sender: string;
  readonly content: JsonObject;
}

interface Forked {
  readonly hs: TestHomeserver;
  readonly other: RemoteServer;
  readonly alice: Actor;
  readonly roomId: RoomId;
  readonly state: (type: string, stateKey: string) => Promise<EventId>;
  readonly last: () => Promise<EventId>;
  readonly send: (pdu: JsonObject) => Promise<{ readonly result: unknown; readonly eventId: EventId }>;
}

const room = (roomId: RoomId): string => `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;

/** A room of version 10 that bob of another server is in; he sends what his server would not. */
async function startForked(): Promise<Forked> {
  const hs = await startHomeserver({ modules: [] });
  const [alice, other] = await Promise.all([hs.user('alice'), hs.remote('other.test')]);
  const roomId = await alice.createRoom({ preset: 'public_chat', room_version: '10' });
  await other.join('bob', roomId);
  let transaction = 0;
  let depth = 100;
  const timeline = async (): Promise<readonly ServerEvent[]> => {
    const { body } = await alice.request('GET', `${room(roomId)}/messages?dir=b&limit=50`);
    return body['chunk'] as unknown as readonly ServerEvent[];
  };
  return {
    hs,
    other,
    alice,
    roomId,
    last: async () => (await timeline())[0]?.event_id ?? ('' as EventId),
    state: async (type, stateKey) => {
      const { body } = await alice.request('GET', `${room(roomId)}/state/${type}/${stateKey}?format=event`);
      return body['event_id'] as EventId;
    },
    send: async (pdu) => {
      const { event, eventId } = other.signEvent('10', {
        room_id: roomId,
        sender: '@bob:other.test',
        origin_server_ts: Date.now(),
        depth: depth++,
        ...pdu,
      });
      const path = `/_matrix/federation/v1/send/${String(++transaction)}`;
      const { body } = await other.request('PUT', path, { pdus: [event] });
      return { result: (body['pdus'] as JsonObject)[eventId], eventId };
    },
  };
}

async function shownTo(actor: Actor, roomId: RoomId): Promise<readonly string[]> {
  const { body } = await actor.request('GET', `${room(roomId)}/messages?dir=b&limit=50`);
  return (body['chunk'] as unknown as readonly ServerEvent[])
    .filter((event) => event.type === 'm.room.message')
    .map((event) => event.content['body'] as string);
}

test('what a banned user sends as if before the ban is kept but not shown', async (t) => {
  const { hs, alice, roomId, state, send } = await startForked();
  t.after(() => hs.close());
  const join = await state('m.room.member', '@bob:other.test');
  const auth = [await state('m.room.create', ''), await state('m.room.power_levels', ''), join];
  assert.equal((await alice.request('POST', `${room(roomId)}/ban`, { user_id: '@bob:other.test' })).status, 200);
  const content = { msgtype: 'm.text', body: 'late' };
  const { result, eventId } = await send({ type: 'm.room.message', content, prev_events: [join], auth_events: auth });
  assert.deepEqual(result, {});
  assert.deepEqual(await shownTo(alice, roomId), []);
  await assert.rejects(alice.event(roomId, eventId), { status: 404 });
  assert.equal((await alice.send(roomId, 'after')).status, 200);
  assert.deepEqual(await shownTo(alice, roomId), ['after']);
});

test('an event that its own references do not allow is rejected', async (t) => {
  const { hs, alice, roomId, state, last, send } = await startForked();
  t.after(() => hs.close());
  const join = await state('m.room.member', '@bob:other.test');
  const auth = [await state('m.room.create', ''), await state('m.room.power_levels', ''), join];
  const power = { type: 'm.room.power_levels', state_key: '', content: { users: { '@bob:other.test': 100 } } };
  await send({ ...power, prev_events: [await last()], auth_events: auth });
  const noMember = { type: 'm.room.message', content: { msgtype: 'm.text', body: 'x' } };
  await send({ ...noMember, prev_events: [await last()], auth_events: auth.slice(0, 2) });
  const { body } = await alice.request('GET', `${room(roomId)}/state/m.room.power_levels/`);
  assert.equal((body['users'] as JsonObject)['@bob:other.test'], undefined);
  assert.deepEqual(await shownTo(alice, roomId), []);
});

test('an event after unknown events of a silent server is not taken in', async (t) => {
  const { hs, alice, roomId, state, send } = await startForked();
  t.after(() => hs.close());
  const auth = [
    await state('m.room.create', ''),
    await state('m.room.power_levels', ''),
    await state('m.room.member', '@bob:other.test'),
  ];
  const content = { msgtype: 'm.text', body: 'from nowhere' };
  const gap = [`$${'x'.repeat(43)}`];
  const { result } = await send({ type: 'm.room.message', content, prev_events: gap, auth_events: auth });
  assert.deepEqual(result, {});
  assert.deepEqual(await shownTo(alice, roomId), []);
});

test('state set on both sides at once is resolved to one', async (t) => {
  const { hs, alice, roomId, state, last, send } = await startForked();
  t.after(() => hs.close());
  const content = {
    ...(await alice.request('GET', `${room(roomId)}/state/m.room.power_levels/`)).body,
    users: { '@alice:localhost': 100, '@bob:other.test': 50 },
  };
  assert.equal((await alice.sendState(roomId, 'm.room.power_levels', content)).status, 200);
  await hs.idle();
  const join = await state('m.room.member', '@bob:other.test');
  const auth = [await state('m.room.create', ''), await state('m.room.power_levels', ''), join];
  const before = await last();
  assert.equal((await alice.sendState(roomId, 'm.room.topic', { topic: 'from here' })).status, 200);
  const topic = { type: 'm.room.topic', state_key: '', content: { topic: 'from there' } };
  await send({ ...topic, origin_server_ts: Date.now() + 60_000, prev_events: [before], auth_events: auth });
  const { body } = await alice.request('GET', `${room(roomId)}/state/m.room.topic/`);
  assert.equal(body['topic'], 'from there');
  const older = { ...topic, content: { topic: 'long ago' }, origin_server_ts: 1000 };
  await send({ ...older, prev_events: [before], auth_events: auth });
  assert.equal((await alice.request('GET', `${room(roomId)}/state/m.room.topic/`)).body['topic'], 'from there');
  assert.equal((await alice.send(roomId, 'together again')).status, 200);
  assert.deepEqual(await shownTo(alice, roomId), ['together again']);
});

test('an event whose content was changed on the way loses it', async (t) => {
  const { hs, alice, other, roomId, state, last } = await startForked();
  t.after(() => hs.close());
  const auth = [
    await state('m.room.create', ''),
    await state('m.room.power_levels', ''),
    await state('m.room.member', '@bob:other.test'),
  ];
  const { event, eventId } = other.signEvent('10', {
    type: 'm.room.message',
    room_id: roomId,
    sender: '@bob:other.test',
    origin_server_ts: Date.now(),
    depth: 50,
    content: { msgtype: 'm.text', body: 'signed' },
    prev_events: [await last()],
    auth_events: auth,
  });
  const pdus = [{ ...event, content: { msgtype: 'm.text', body: 'forged' } }];
  await other.request('PUT', '/_matrix/federation/v1/send/forged', { pdus });
  const { content } = await alice.event(roomId, eventId);
  assert.deepEqual(content, {});
});

test('a redaction from elsewhere takes effect only where its sender may redact', async (t) => {
  const { hs, alice, other, roomId, last } = await startForked();
  t.after(() => hs.close());
  const { eventId: sent } = await alice.send(roomId, 'mine');
  await hs.idle();
  const sender = '@bob:other.test' as never;
  const said = { type: 'm.room.message', sender, roomId, content: { msgtype: 'm.text', body: 'his' } };
  const { eventId: his } = await other.send(said);
  const bob = await other.user('bob');
  await bob.request('PUT', `${room(roomId)}/redact/${encodeURIComponent(his)}/r1`, {});
  await other.settle();
  assert.deepEqual((await alice.event(roomId, his)).content, {});
  assert.notEqual(await last(), sent);
  assert.equal((await alice.event(roomId, sent)).content['body'], 'mine');
});

test('knocking from elsewhere, and on a room elsewhere', async (t) => {
  const { hs, alice, other } = await startForked();
  t.after(() => hs.close());
  const knockable = {
    room_version: '10',
    initial_state: [{ type: 'm.room.join_rules', content: { join_rule: 'knock' } }],
  };
  const here = await alice.createRoom(knockable);
  const bob = await other.user('bob');
  const knock = (actor: Actor, roomId: RoomId, via: string): ReturnType<Actor['request']> =>
    actor.request('POST', `/_matrix/client/v3/knock/${encodeURIComponent(roomId)}?via=${via}`, {});
  assert.equal((await knock(bob, here, 'localhost')).status, 200);
  await other.settle();
  const member = await alice.request('GET', `${room(here)}/state/m.room.member/@bob:other.test`);
  assert.equal(member.body['membership'], 'knock');
  const there = await bob.createRoom(knockable);
  const answer = await knock(alice, there, 'other.test');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { body } = await alice.request('GET', '/_matrix/client/v3/sync');
  const shown = (body['rooms'] as JsonObject)['knock'] as JsonObject;
  assert.ok(Object.hasOwn(shown, there));
});

test('a restricted join goes through the server that can vouch for it', async (t) => {
  const { hs, alice, other } = await startForked();
  t.after(() => hs.close());
  const space = await alice.createRoom({ preset: 'public_chat' });
  const allow = [{ type: 'm.room_membership', room_id: space }];
  const joinRules = { type: 'm.room.join_rules', content: { join_rule: 'restricted', allow } };
  const inside = await alice.createRoom({ room_version: '10', initial_state: [joinRules] });
  const refused = await other.join('bob', inside);
  assert.deepEqual([refused.status, refused.errcode], [403, 'M_FORBIDDEN']);
  assert.equal((await other.join('bob', space)).status, 200);
  const joined = await other.join('bob', inside);
  assert.equal(joined.status, 200, JSON.stringify(joined.body));
  const member = await alice.request('GET', `${room(inside)}/state/m.room.member/@bob:other.test`);
  assert.equal(member.body['join_authorised_via_users_server'], '@alice:localhost');
});
