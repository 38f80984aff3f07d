import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { openDirectory, RoomWorld, type ShownEvent, textOf } from '../support/room-world.js';

interface Chunk {
  readonly events: readonly ShownEvent[];
  readonly end: string;
}

async function read(world: RoomWorld, user: TestUser, query: string): Promise<Chunk> {
  const answer = await world.get(user, `/events?timeout=0&${query}`);
  return { events: answer.listAt('chunk'), end: answer.textAt('end') };
}

test('/events tells what happened since, in rooms, of users and of account data', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  const { end } = await read(world, bob, '');
  await world.join(bob, roomId);
  const eventId = await world.send(alice, roomId, 'hello');
  await world.done(bob, 'POST', `/rooms/${roomId}/receipt/m.read/${eventId}`);
  await world.done(bob, 'PUT', `/user/${bob.userId}/account_data/x.test`, { a: 1 });
  await world.done(bob, 'PUT', `/user/${bob.userId}/rooms/${roomId}/tags/x.tag`);
  const { events } = await read(world, bob, `from=${end}`);
  const texts = events.map((event) => textOf(event));
  assert.deepEqual(texts.slice(0, 2), ['m.room.member', 'hello']);
  assert.deepEqual(
    texts.slice(2).filter((text) => text !== 'm.presence'),
    ['m.receipt', 'm.tag', 'x.test'],
  );
  const comers = events
    .filter((event) => event['type'] === 'm.presence')
    .map((event) => (event['content'] as ShownEvent)['user_id']);
  assert.ok(comers.includes(alice.userId), 'those who are in a joined room are told of');
});

test('/events goes on where a full answer ended', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice] = await world.users('alice');
  const roomId = await world.hs.createRoom(alice);
  let { end } = await read(world, alice, '');
  for (const text of ['one', 'two', 'three']) await world.send(alice, roomId, text);
  const seen: string[] = [];
  for (const count of [2, 1]) {
    const page = await read(world, alice, `limit=2&from=${end}`);
    const messages = page.events.filter((event) => event['type'] === 'm.room.message');
    assert.equal(messages.length, count);
    seen.push(...messages.map(textOf));
    ({ end } = page);
  }
  assert.deepEqual(seen, ['one', 'two', 'three']);
});

test('/events waits for something to tell', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  await world.join(bob, roomId);
  const { end } = await read(world, bob, '');
  const waiting = world.get(bob, `/events?timeout=20000&room_id=${roomId}&from=${end}`);
  await world.send(alice, roomId, 'now');
  assert.ok((await waiting).listAt('chunk').some((event) => textOf(event) === 'now'));
});

test('/events of one room is for its members, and for all where the world may read', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice);
  const path = `/events?timeout=0&from=s0&room_id=${roomId}`;
  const refused = await world.get(bob, path);
  assert.deepEqual([refused.status, refused.at('error')], [403, 'Non-joined access not allowed']);
  await world.setState(alice, roomId, 'm.room.history_visibility', { history_visibility: 'world_readable' });
  assert.equal((await world.get(bob, path)).status, 200);
  assert.equal((await world.get(bob, '/events?timeout=soon')).at('error'), 'timeout must be in milliseconds.');
});

test('/initialSync shows all rooms: joined ones, invites, and those left when asked for', async (t) => {
  const world = await RoomWorld.open(t, { config: openDirectory });
  const [alice, bob] = await world.users('alice', 'bob');
  const joined = await world.hs.createRoom(alice, { preset: 'public_chat', visibility: 'public' });
  const invited = await world.hs.createRoom(alice, { invite: [bob.userId] });
  const left = await world.hs.createRoom(alice, { preset: 'public_chat' });
  for (const roomId of [joined, left]) await world.join(bob, roomId);
  await world.done(bob, 'POST', `/rooms/${left}/leave`);
  await world.send(alice, joined, 'hello');
  await world.done(bob, 'PUT', `/user/${bob.userId}/account_data/x.test`, { a: 1 });
  const rooms = async (query: string): Promise<ReadonlyMap<unknown, ShownEvent>> =>
    new Map(
      (await world.get(bob, `/initialSync?limit=1${query}`)).listAt('rooms').map((room) => [room['room_id'], room]),
    );
  const shown = await rooms('');
  assert.deepEqual(new Set(shown.keys()), new Set([invited, joined]));
  assert.deepEqual([shown.get(invited)?.['inviter'], shown.get(joined)?.['visibility']], [alice.userId, 'public']);
  const { chunk } = shown.get(joined)?.['messages'] as { readonly chunk: readonly ShownEvent[] };
  assert.deepEqual(chunk.map(textOf), ['hello']);
  assert.equal((await rooms('&archived=true')).get(left)?.['membership'], 'leave');
  assert.deepEqual((await world.get(bob, '/initialSync')).at('account_data'), [{ type: 'x.test', content: { a: 1 } }]);
});

test('a single event is found by its ID alone', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice);
  const eventId = await world.send(alice, roomId, 'hello');
  assert.equal((await world.get(alice, `/events/${eventId}`)).at('content', 'body'), 'hello');
  assert.equal((await world.get(bob, `/events/${eventId}`)).status, 403);
  const unknown = await world.get(alice, '/events/$nope');
  assert.deepEqual([unknown.status, unknown.at('error')], [404, 'Event not found.']);
});
