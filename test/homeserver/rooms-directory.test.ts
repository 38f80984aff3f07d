import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { openDirectory, RoomWorld } from '../support/room-world.js';

interface Town {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly rooms: Readonly<Record<'hall' | 'club' | 'square' | 'secret', string>>;
}

/** Three listed rooms: a public one, one to knock at and one that the world may read; and one that is not listed. */
async function town(t: TestContext): Promise<Town> {
  const world = await RoomWorld.open(t, { config: openDirectory });
  const [alice] = await world.users('alice');
  const make = (name: string, settings: object): Promise<string> =>
    world.hs.createRoom(alice, { name, visibility: 'public', ...settings });
  const state = (type: string, content: object): object => ({ initial_state: [{ type, state_key: '', content }] });
  const rooms = {
    hall: await make('Hall', { preset: 'public_chat', topic: 'for everybody', room_alias_name: 'hall' }),
    club: await make('Club', state('m.room.join_rules', { join_rule: 'knock' })),
    square: await make('Square', state('m.room.history_visibility', { history_visibility: 'world_readable' })),
    secret: await make('Secret', { preset: 'private_chat' }),
  };
  return { world, alice, rooms };
}

async function names(world: RoomWorld, user: TestUser, body: object): Promise<unknown[]> {
  return (await world.done(user, 'POST', '/publicRooms', body)).listAt('chunk').map((room) => room['name']);
}

test('the directory lists published rooms that one can join, knock at or read', async (t) => {
  const { world, alice, rooms } = await town(t);
  assert.deepEqual((await names(world, alice, {})).sort(), ['Club', 'Hall', 'Square']);
  const found = await world.done(alice, 'POST', '/publicRooms', { filter: { generic_search_term: 'EVERYBODY' } });
  assert.deepEqual(found.listAt('chunk'), [
    {
      room_id: rooms.hall,
      name: 'Hall',
      topic: 'for everybody',
      canonical_alias: '#hall:hs.test',
      num_joined_members: 1,
      world_readable: false,
      guest_can_join: false,
      join_rule: 'public',
    },
  ]);
  const anonymous = await world.get(undefined, '/publicRooms');
  assert.deepEqual([anonymous.status, anonymous.at('errcode')], [401, 'M_MISSING_TOKEN']);
});

test('the biggest rooms come first, and pages follow each other both ways', async (t) => {
  const { world, alice, rooms } = await town(t);
  const [bob] = await world.users('bob');
  await world.join(bob, rooms.hall);
  const page = (since?: string): Promise<Awaited<ReturnType<RoomWorld['done']>>> =>
    world.done(alice, 'POST', '/publicRooms', { limit: 2, ...(since !== undefined && { since }) });
  const first = await page();
  assert.equal(first.at('chunk', 0, 'name'), 'Hall');
  const second = await page(first.textAt('next_batch'));
  assert.deepEqual([second.listAt('chunk').length, second.at('next_batch')], [1, undefined]);
  const back = await page(second.textAt('prev_batch'));
  assert.deepEqual(back.listAt('chunk'), first.listAt('chunk'));
  const wrong = await world.request(alice, 'POST', '/publicRooms', { since: 'x' });
  assert.equal(wrong.status, 400);
});

test('rooms of a type are found by it', async (t) => {
  const { world, alice } = await town(t);
  await world.hs.createRoom(alice, {
    name: 'Space',
    preset: 'public_chat',
    visibility: 'public',
    creation_content: { type: 'm.space' },
  });
  assert.deepEqual(await names(world, alice, { filter: { room_types: ['m.space'] } }), ['Space']);
  assert.equal((await names(world, alice, { filter: { room_types: [null] } })).length, 3);
  assert.equal((await names(world, alice, { filter: { room_types: [] } })).length, 4);
});

test('a moderator takes a room out of the directory, a member does not', async (t) => {
  const { world, alice, rooms } = await town(t);
  const [bob] = await world.users('bob');
  await world.join(bob, rooms.hall);
  const path = `/directory/list/room/${rooms.hall}`;
  assert.equal((await world.request(bob, 'PUT', path, { visibility: 'private' })).status, 403);
  await world.done(alice, 'PUT', path, { visibility: 'private' });
  assert.deepEqual((await world.get(undefined, path)).body, { visibility: 'private' });
  assert.deepEqual((await names(world, alice, {})).sort(), ['Club', 'Square']);
});

test('the hierarchy of a space shows what the reader may know of, suggested rooms on demand', async (t) => {
  const { world, alice, rooms } = await town(t);
  const [bob] = await world.users('bob');
  const space = await world.hs.createRoom(alice, { preset: 'public_chat', creation_content: { type: 'm.space' } });
  await world.setState(alice, space, 'm.space.child', { via: ['hs.test'], order: 'b' }, rooms.hall);
  await world.setState(alice, space, 'm.space.child', { via: ['hs.test'], order: 'a', suggested: true }, rooms.club);
  await world.setState(alice, space, 'm.space.child', { via: ['hs.test'] }, rooms.secret);
  await world.setState(alice, space, 'm.space.child', {}, rooms.square);
  const path = `/_matrix/client/v1/rooms/${space}/hierarchy`;
  const ids = async (user: TestUser, query = ''): Promise<unknown[]> =>
    (await world.get(user, `${path}${query}`)).listAt('rooms').map((room) => room['room_id']);
  assert.deepEqual(await ids(alice), [space, rooms.club, rooms.hall, rooms.secret]);
  assert.deepEqual(await ids(bob), [space, rooms.club, rooms.hall]);
  assert.deepEqual(await ids(bob, '?suggested_only=true'), [space, rooms.club]);
  assert.deepEqual(await ids(bob, '?max_depth=0'), [space]);
  const first = await world.get(alice, `${path}?limit=2`);
  assert.deepEqual(await ids(alice, `?limit=2&from=${first.textAt('next_batch')}`), [rooms.hall, rooms.secret]);
  const hidden = await world.get(bob, `/_matrix/client/v1/rooms/${rooms.secret}/hierarchy`);
  assert.deepEqual([hidden.status, hidden.at('errcode')], [403, 'M_FORBIDDEN']);
});

test('the summary of a room is for those who could join or read it', async (t) => {
  const { world, alice, rooms } = await town(t);
  const [bob] = await world.users('bob');
  const summary = (user: TestUser | undefined, room: string): ReturnType<RoomWorld['get']> =>
    world.get(user, `/_matrix/client/v1/room_summary/${encodeURIComponent(room)}`);
  assert.equal((await summary(alice, rooms.secret)).at('membership'), 'join');
  assert.equal((await summary(bob, '#hall:hs.test')).at('membership'), 'leave');
  assert.equal((await summary(undefined, rooms.square)).at('world_readable'), true);
  assert.equal((await summary(bob, rooms.secret)).status, 404);
});
