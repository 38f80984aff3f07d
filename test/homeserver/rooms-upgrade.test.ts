import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { openDirectory, RoomWorld } from '../support/room-world.js';

interface Old {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly roomId: string;
}

async function oldRoom(t: TestContext, settings: object = {}): Promise<Old> {
  const world = await RoomWorld.open(t, { config: openDirectory });
  const [alice, bob] = await world.users('alice', 'bob');
  const more = { preset: 'public_chat', room_version: '10', name: 'Old', ...settings };
  const roomId = await world.hs.createRoom(alice, more);
  await world.join(bob, roomId);
  return { world, alice, bob, roomId };
}

async function upgrade({ world, alice, roomId }: Old, version = '11', more: object = {}): Promise<string> {
  const body = { new_version: version, ...more };
  return (await world.done(alice, 'POST', `/rooms/${roomId}/upgrade`, body)).textAt('replacement_room');
}

test('an upgraded room points to its successor, which knows where it comes from and looks the same', async (t) => {
  const old = await oldRoom(t, { topic: 'Talk', creation_content: { 'm.federate': false, other: 1 } });
  const { world, alice, roomId } = old;
  const newRoom = await upgrade(old);
  assert.deepEqual((await world.stateOf(alice, roomId, 'm.room.tombstone')).body, {
    body: 'This room has been replaced',
    replacement_room: newRoom,
  });
  const created = await world.stateOf(alice, newRoom, 'm.room.create');
  assert.deepEqual(
    [created.at('room_version'), created.at('m.federate'), created.at('other')],
    ['11', false, undefined],
  );
  assert.equal(created.at('predecessor', 'room_id'), roomId);
  assert.match(created.textAt('predecessor', 'event_id'), /^\$/);
  for (const type of ['m.room.name', 'm.room.topic', 'm.room.join_rules', 'm.room.power_levels']) {
    const [before, after] = [await world.stateOf(alice, roomId, type), await world.stateOf(alice, newRoom, type)];
    if (type !== 'm.room.power_levels') assert.deepEqual(after.body, before.body, type);
    else assert.deepEqual([before.at('events_default'), after.at('events_default')], [50, 0], 'the old room is silent');
  }
});

test('bans, aliases and the place in the directory move', async (t) => {
  const old = await oldRoom(t, { room_alias_name: 'old', visibility: 'public' });
  const { world, alice, bob, roomId } = old;
  await world.done(alice, 'POST', `/rooms/${roomId}/ban`, { user_id: bob.userId, reason: 'spam' });
  const newRoom = await upgrade(old);
  const banned = await world.stateOf(alice, newRoom, 'm.room.member', bob.userId);
  assert.deepEqual([banned.at('membership'), banned.at('reason')], ['ban', 'spam']);
  assert.equal((await world.get(bob, `/directory/room/${encodeURIComponent('#old:hs.test')}`)).at('room_id'), newRoom);
  assert.deepEqual((await world.stateOf(alice, newRoom, 'm.room.canonical_alias')).body, { alias: '#old:hs.test' });
  assert.deepEqual((await world.stateOf(alice, roomId, 'm.room.canonical_alias')).body, {});
  for (const [room, visibility] of [
    [roomId, 'private'],
    [newRoom, 'public'],
  ]) {
    assert.equal((await world.get(undefined, `/directory/list/room/${room ?? ''}`)).at('visibility'), visibility);
  }
});

test('tags, direct chats and push rules of members follow', async (t) => {
  const old = await oldRoom(t);
  const { world, bob, roomId } = old;
  const account = `/user/${bob.userId}`;
  await world.done(bob, 'PUT', `${account}/rooms/${roomId}/tags/u.work`, { order: 0.5 });
  await world.done(bob, 'PUT', `${account}/account_data/m.direct`, { '@alice:hs.test': [roomId] });
  await world.done(bob, 'PUT', `/pushrules/global/room/${encodeURIComponent(roomId)}`, { actions: ['notify'] });
  const newRoom = await upgrade(old);
  assert.deepEqual((await world.get(bob, `${account}/rooms/${newRoom}/tags`)).at('tags'), { 'u.work': { order: 0.5 } });
  const direct = await world.get(bob, `${account}/account_data/m.direct`);
  assert.deepEqual(direct.body, { '@alice:hs.test': [roomId, newRoom] });
  const rules = (await world.get(bob, '/pushrules/')).listAt('global', 'room');
  assert.deepEqual(rules.map((rule) => rule['rule_id']).sort(), [roomId, newRoom].sort());
});

test('a space keeps the rooms in it, except those that were taken out', async (t) => {
  const old = await oldRoom(t, { creation_content: { type: 'm.space' } });
  const { world, alice, roomId } = old;
  await world.setState(alice, roomId, 'm.space.child', { via: ['hs.test'] }, '!kept:hs.test');
  await world.setState(alice, roomId, 'm.space.child', {}, '!gone:hs.test');
  const newRoom = await upgrade(old);
  assert.equal((await world.stateOf(alice, newRoom, 'm.room.create')).at('type'), 'm.space');
  assert.equal((await world.stateOf(alice, newRoom, 'm.space.child', '!kept:hs.test')).status, 200);
  assert.equal((await world.stateOf(alice, newRoom, 'm.space.child', '!gone:hs.test')).status, 404);
});

test('creators of a room of version 12 have no power levels, others keep theirs', async (t) => {
  const old = await oldRoom(t);
  const { world, alice, bob, roomId } = old;
  const before = (await world.stateOf(alice, roomId, 'm.room.power_levels')).body as { readonly users: object };
  const users = { ...before.users, [bob.userId]: 50, '@carol:hs.test': 10 };
  await world.setState(alice, roomId, 'm.room.power_levels', { ...before, users });
  const newRoom = await upgrade(old, '12', { additional_creators: [bob.userId] });
  assert.match(newRoom, /^![A-Za-z0-9_-]{43}$/);
  const levels = await world.stateOf(alice, newRoom, 'm.room.power_levels');
  assert.deepEqual(levels.at('users'), { '@carol:hs.test': 10 });
  const created = await world.stateOf(alice, newRoom, 'm.room.create');
  assert.deepEqual(created.at('additional_creators'), [bob.userId]);
});

test('asking again gives the same room, and others are told that somebody is at it', async (t) => {
  const old = await oldRoom(t);
  const { world, bob, roomId } = old;
  const newRoom = await upgrade(old);
  assert.equal(await upgrade(old), newRoom);
  const other = await world.request(bob, 'POST', `/rooms/${roomId}/upgrade`, { new_version: '11' });
  assert.deepEqual([other.status, other.at('error')], [400, 'An upgrade for this room is currently in progress']);
});

const refusals: readonly (readonly [body: unknown, status: number, errcode: string])[] = [
  [{}, 400, 'M_MISSING_PARAM'],
  [{ new_version: 'unheard of' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
  [{ new_version: 11 }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
  [{ new_version: '12', additional_creators: 'x' }, 400, 'M_FORBIDDEN'],
  [{ new_version: '11' }, 403, 'M_FORBIDDEN'],
];

test('upgrades by those without power, and to what is no version, are refused and leave no room behind', async (t) => {
  const { world, bob, roomId } = await oldRoom(t);
  const count = (): number => world.hs.homeserver.services.rooms.roomStore.all().length;
  const before = count();
  for (const [body, status, errcode] of refusals) {
    const answer = await world.request(bob, 'POST', `/rooms/${roomId}/upgrade`, body);
    assert.deepEqual([answer.status, answer.at('errcode')], [status, errcode], JSON.stringify(body));
  }
  const unknown = await world.request(bob, 'POST', '/rooms/!nope:hs.test/upgrade', { new_version: '11' });
  assert.deepEqual([unknown.status, unknown.at('error')], [404, 'Unknown room id !nope:hs.test']);
  assert.equal(count(), before);
});
