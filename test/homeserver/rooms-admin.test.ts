import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { openDirectory, RoomWorld, textOf } from '../support/room-world.js';

const v1 = '/_synapse/admin/v1';
const v2 = '/_synapse/admin/v2';

interface Server {
  readonly world: RoomWorld;
  readonly admin: TestUser;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly roomId: string;
}

async function server(t: TestContext, settings: object = {}): Promise<Server> {
  const world = await RoomWorld.open(t, { config: openDirectory });
  const admin = await world.admin();
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat', name: 'Lobby', ...settings });
  return { world, admin, alice, bob, roomId };
}

test('only administrators see rooms that they are not in', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  for (const path of ['', `/${roomId}`, `/${roomId}/members`, `/${roomId}/state`, `/${roomId}/messages`]) {
    assert.equal((await world.get(admin, `${v1}/rooms${path}`)).status, 200, path);
    const refused = await world.get(alice, `${v1}/rooms${path}`);
    assert.deepEqual([refused.status, refused.at('error')], [403, 'You are not a server admin'], path);
  }
});

test('a room is described with its members, its state and whether it was replaced', async (t) => {
  const { world, admin, alice, roomId } = await server(t, { topic: 'Hello', room_alias_name: 'lobby' });
  const details = await world.get(admin, `${v1}/rooms/${roomId}`);
  const { creator, version, joined_members: members, tombstoned } = details.body as Record<string, unknown>;
  assert.deepEqual([creator, version, members, tombstoned], [alice.userId, '12', 1, false]);
  assert.deepEqual([details.at('topic'), details.at('joined_local_devices')], ['Hello', 1]);
  const newRoom = (await world.done(alice, 'POST', `/rooms/${roomId}/upgrade`, { new_version: '12' })).textAt(
    'replacement_room',
  );
  assert.equal((await world.get(admin, `${v1}/rooms/${roomId}`)).at('replacement_room'), newRoom);
  const unknown = await world.get(admin, `${v1}/rooms/!nope:hs.test`);
  assert.deepEqual([unknown.status, unknown.at('error')], [404, 'Room not found']);
});

test('the list of rooms is searched, filtered, ordered and read in pages', async (t) => {
  const { world, admin, alice, bob, roomId } = await server(t);
  const attic = await world.hs.createRoom(alice, { name: 'Attic', visibility: 'public' });
  await world.join(bob, roomId);
  const names = async (query: string): Promise<unknown[]> =>
    (await world.get(admin, `${v1}/rooms?${query}`)).listAt('rooms').map((room) => room['name']);
  assert.deepEqual(await names(''), ['Attic', 'Lobby']);
  assert.deepEqual(await names('dir=b'), ['Lobby', 'Attic']);
  assert.deepEqual(await names('order_by=joined_members'), ['Lobby', 'Attic']);
  assert.deepEqual(await names('search_term=lob'), ['Lobby']);
  assert.deepEqual(await names(`search_term=${attic}`), ['Attic']);
  assert.deepEqual(await names('public_rooms=true'), ['Attic']);
  assert.deepEqual(await names('empty_rooms=true'), []);
  const page = await world.get(admin, `${v1}/rooms?limit=1`);
  assert.deepEqual([page.at('total_rooms'), page.at('next_batch'), page.at('prev_batch')], [2, 1, undefined]);
  const second = await world.get(admin, `${v1}/rooms?limit=1&from=1`);
  assert.deepEqual([second.at('next_batch'), second.at('prev_batch')], [undefined, 0]);
  for (const query of ['order_by=x', 'search_term=', 'dir=x', 'limit=x', 'public_rooms=x']) {
    assert.equal((await world.get(admin, `${v1}/rooms?${query}`)).status, 400, query);
  }
});

test('an event is shown to administrators as it was sent, also after its redaction', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  const eventId = await world.send(alice, roomId, 'said');
  await world.redact(alice, roomId, eventId);
  const event = await world.get(admin, `${v1}/fetch_event/${eventId}`);
  assert.equal(event.at('event', 'content', 'body'), 'said');
  const context = await world.get(admin, `${v1}/rooms/${roomId}/context/${eventId}?limit=2`);
  assert.equal(context.at('event', 'event_id'), eventId);
  assert.equal((await world.get(admin, `${v1}/fetch_event/$nope`)).at('error'), 'Event not found');
});

test('a user is joined to a room in their own name', async (t) => {
  const { world, admin, bob, roomId } = await server(t, { room_alias_name: 'lobby' });
  const joined = await world.done(admin, 'POST', `${v1}/join/${encodeURIComponent('#lobby:hs.test')}`, {
    user_id: bob.userId,
  });
  assert.deepEqual(joined.body, { room_id: roomId });
  assert.deepEqual((await world.get(bob, '/joined_rooms')).at('joined_rooms'), [roomId]);
  for (const [userId, status] of [
    ['@nobody:hs.test', 404],
    ['@x:other.test', 400],
    ['x', 400],
    [5, 400],
  ]) {
    assert.equal((await world.request(admin, 'POST', `${v1}/join/${roomId}`, { user_id: userId })).status, status);
  }
});

test('an administrator takes the power of the most powerful member of the server', async (t) => {
  const { world, admin, alice, roomId } = await server(t, { room_version: '10', preset: 'private_chat' });
  await world.done(admin, 'POST', `${v1}/rooms/${roomId}/make_room_admin`);
  const levels = await world.stateOf(alice, roomId, 'm.room.power_levels');
  assert.deepEqual(levels.at('users'), { [alice.userId]: 100, [admin.userId]: 100 });
  assert.equal((await world.stateOf(alice, roomId, 'm.room.member', admin.userId)).at('membership'), 'invite');
  const unknown = await world.request(admin, 'POST', `${v1}/rooms/!nope:hs.test/make_room_admin`, {});
  assert.deepEqual([unknown.status, unknown.at('error')], [400, 'Server not in room']);
});

test('nobody joins a blocked room until it is unblocked', async (t) => {
  const { world, admin, bob, roomId } = await server(t);
  const path = `${v1}/rooms/${roomId}/block`;
  await world.done(admin, 'PUT', path, { block: true });
  assert.deepEqual((await world.get(admin, path)).body, { block: true, user_id: admin.userId });
  const refused = await world.request(bob, 'POST', `/rooms/${roomId}/join`, {});
  assert.deepEqual([refused.status, refused.at('error')], [403, 'This room has been blocked on this server']);
  await world.done(admin, 'PUT', path, { block: false });
  await world.join(bob, roomId);
  assert.equal((await world.request(admin, 'PUT', path, { block: 'x' })).at('errcode'), 'M_BAD_JSON');
});

test('a deleted room is gone, and its members find themselves in the new one with its alias', async (t) => {
  const { world, admin, alice, bob, roomId } = await server(t, { room_alias_name: 'lobby' });
  await world.join(bob, roomId);
  const body = { new_room_user_id: admin.userId, room_name: 'Elsewhere', message: 'The lobby is closed' };
  const deleted = await world.done(admin, 'DELETE', `${v1}/rooms/${roomId}`, body);
  assert.deepEqual([...(deleted.at('kicked_users') as string[])].sort(), [alice.userId, bob.userId]);
  assert.deepEqual([deleted.at('failed_to_kick_users'), deleted.at('local_aliases')], [[], ['#lobby:hs.test']]);
  const newRoom = deleted.textAt('new_room_id');
  assert.deepEqual((await world.get(bob, '/joined_rooms')).at('joined_rooms'), [newRoom]);
  const lobby = await world.get(bob, `/directory/room/${encodeURIComponent('#lobby:hs.test')}`);
  assert.equal(lobby.at('room_id'), newRoom);
  assert.equal((await world.texts(bob, newRoom, 'dir=b&limit=1'))[0], 'The lobby is closed');
  assert.equal((await world.get(admin, `${v1}/rooms/${roomId}`)).status, 404);
});

test('a room deleted in the background tells how far it is, and may be kept but for its members', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  assert.equal((await world.get(admin, `${v2}/rooms/${roomId}/delete_status`)).status, 404);
  const body = { purge: false, block: true };
  const deleteId = (await world.done(admin, 'DELETE', `${v2}/rooms/${roomId}`, body)).textAt('delete_id');
  await world.hs.homeserver.idle();
  const status = await world.get(admin, `${v2}/rooms/delete_status/${deleteId}`);
  const shutdown = {
    kicked_users: [alice.userId],
    failed_to_kick_users: [],
    local_aliases: [],
    new_room_id: null,
  };
  assert.deepEqual(status.body, { delete_id: deleteId, room_id: roomId, status: 'complete', shutdown_room: shutdown });
  const byRoom = await world.get(admin, `${v2}/rooms/${roomId}/delete_status`);
  assert.deepEqual(byRoom.listAt('results'), [status.body]);
  assert.equal((await world.get(admin, `${v1}/rooms/${roomId}`)).at('joined_members'), 0);
  assert.equal((await world.get(admin, `${v1}/rooms/${roomId}/block`)).at('block'), true);
  assert.equal((await world.get(admin, `${v2}/rooms/delete_status/nope`)).at('error'), "delete id 'nope' not found");
});

const badWishes: readonly (readonly [body: unknown, error: RegExp])[] = [
  [{ block: 5 }, /^Param 'block' must be a boolean, if given$/],
  [{ purge: 'x' }, /^Param 'purge' must be a boolean, if given$/],
  [{ force_purge: null }, /^Param 'force_purge' must be a boolean, if given$/],
  [{ new_room_user_id: '@x:other.test' }, /^User must be our own: @x:other.test$/],
  [{ new_room_user_id: 5 }, /new_room_user_id/],
];

test('a deletion that makes no sense is refused and leaves the room as it is', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  for (const version of [v1, v2]) {
    for (const [body, error] of badWishes) {
      const answer = await world.request(admin, 'DELETE', `${version}/rooms/${roomId}`, body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.match(answer.textAt('error'), error);
    }
    const noRoom = await world.request(admin, 'DELETE', `${version}/rooms/lobby`, {});
    assert.deepEqual([noRoom.status, noRoom.at('error')], [400, 'lobby is not a legal room ID']);
  }
  assert.deepEqual((await world.get(alice, '/joined_rooms')).at('joined_rooms'), [roomId]);
});

test('reports of events and users reach the administrators', async (t) => {
  const { world, admin, alice, bob, roomId } = await server(t);
  await world.join(bob, roomId);
  const eventId = await world.send(alice, roomId, 'rude');
  await world.done(bob, 'POST', `/rooms/${roomId}/report/${eventId}`, { reason: 'rude', score: -50 });
  await world.done(bob, 'POST', `/rooms/${roomId}/report`, { reason: 'loud' });
  await world.done(bob, 'POST', `/users/${alice.userId}/report`, { reason: 'her again' });
  const [event] = (await world.get(admin, `${v1}/event_reports?event_sender_user_id=${alice.userId}`)).listAt(
    'event_reports',
  );
  const { id, score, reason, name, user_id: reporter } = event ?? {};
  assert.deepEqual([score, reason, name, reporter], [-50, 'rude', 'Lobby', bob.userId]);
  const detail = await world.get(admin, `${v1}/event_reports/${String(id)}`);
  assert.equal(textOf(detail.at('event_json') as Record<string, unknown>), 'rude');
  const users = await world.get(admin, `${v1}/user_reports?target_user_id=alice`);
  assert.deepEqual([users.at('total'), users.at('user_reports', 0, 'reason')], [1, 'her again']);
  await world.done(admin, 'DELETE', `${v1}/event_reports/${String(id)}`);
  assert.equal((await world.get(admin, `${v1}/event_reports`)).at('total'), 0);
  assert.equal((await world.get(admin, `${v1}/event_reports/x`)).at('errcode'), 'M_INVALID_PARAM');
});

const badReports: readonly (readonly [path: string, body: unknown, status: number])[] = [
  ['/rooms/ROOM/report/EVENT', { reason: 5 }, 400],
  ['/rooms/ROOM/report/EVENT', { score: 1.5 }, 400],
  ['/rooms/ROOM/report/$nope', {}, 404],
  ['/rooms/ROOM/report', {}, 400],
  ['/rooms/!nope:hs.test/report', { reason: '' }, 404],
  ['/users/@alice:hs.test/report', { reason: 'x'.repeat(1001) }, 400],
];

test('reports that say nothing are refused, those of users that nobody knows are swallowed', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  const eventId = await world.send(alice, roomId, 'x');
  for (const [path, body, status] of badReports) {
    const whole = path.replace('ROOM', roomId).replace('EVENT', eventId);
    assert.equal((await world.request(alice, 'POST', whole, body)).status, status, path);
  }
  await world.done(alice, 'POST', '/users/@nobody:hs.test/report', { reason: 'x' });
  assert.equal((await world.get(admin, `${v1}/user_reports`)).at('total'), 0);
});

test('with a room goes what users kept of it', async (t) => {
  const { world, admin, alice, roomId } = await server(t);
  const eventId = await world.send(alice, roomId, 'said');
  await world.done(alice, 'POST', `/rooms/${roomId}/receipt/m.read/${eventId}`);
  await world.done(alice, 'PUT', `/user/${alice.userId}/rooms/${roomId}/tags/x.tag`);
  await world.done(alice, 'PUT', `/user/${alice.userId}/rooms/${roomId}/account_data/x.test`, { a: 1 });
  await world.request(admin, 'DELETE', `${v1}/rooms/${roomId}`, {});
  const data = await world.get(alice, `/user/${alice.userId}/rooms/${roomId}/account_data/x.test`);
  assert.equal(data.status, 404);
  assert.deepEqual((await world.get(alice, `/user/${alice.userId}/rooms/${roomId}/tags`)).body, { tags: {} });
  const { database } = world.hs.homeserver.context;
  assert.deepEqual(database.all('SELECT * FROM receipts WHERE room_id = ?', roomId), []);
});
