import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const v1 = '/_synapse/admin/v1';

interface Server {
  readonly world: RoomWorld;
  readonly admin: TestUser;
  readonly bob: TestUser;
  readonly rooms: readonly string[];
}

/** Bob has said "one" and "two" in two rooms of the administrator. */
async function open(t: TestContext): Promise<Server> {
  const world = await RoomWorld.open(t);
  const admin = await world.admin();
  const [bob] = await world.users('bob');
  const rooms: string[] = [];
  for (let count = 0; count < 2; count++) {
    const roomId = await world.hs.createRoom(admin, { preset: 'public_chat' });
    await world.join(bob, roomId);
    for (const text of ['one', 'two']) await world.send(bob, roomId, text);
    rooms.push(roomId);
  }
  return { world, admin, bob, rooms };
}

/** Redacts and waits; the status at the end. */
async function redact({ world, admin, bob }: Server, body: object): Promise<unknown> {
  const redactId = (await world.done(admin, 'POST', `${v1}/user/${bob.userId}/redact`, body)).textAt('redact_id');
  await world.hs.homeserver.idle();
  return (await world.get(admin, `${v1}/user/redact_status/${redactId}`)).body;
}

test('what a user said everywhere is redacted in their name', async (t) => {
  const server = await open(t);
  const { world, admin, bob, rooms } = server;
  assert.deepEqual(await redact(server, { rooms: [], reason: 'spam' }), { status: 'complete', failed_redactions: {} });
  for (const roomId of rooms) {
    const texts = await world.texts(admin, roomId);
    assert.ok(!texts.includes('one') && !texts.includes('two'));
  }
  const newest = await world.get(admin, `/rooms/${rooms[0] ?? ''}/messages?dir=b&limit=1`);
  assert.deepEqual([newest.at('chunk', 0, 'sender'), newest.at('chunk', 0, 'content', 'reason')], [bob.userId, 'spam']);
});

test('only the newest events of some rooms are redacted when that is asked for', async (t) => {
  const server = await open(t);
  const { world, admin, rooms } = server;
  const [here = '', there = ''] = rooms;
  await redact(server, { rooms: [here], limit: 1, use_admin: true });
  const isLeft = async (roomId: string): Promise<readonly boolean[]> => {
    const texts = await world.texts(admin, roomId);
    return ['one', 'two'].map((text) => texts.includes(text));
  };
  assert.deepEqual(await isLeft(here), [true, false]);
  assert.deepEqual(await isLeft(there), [true, true]);
});

test('events that could not be redacted are named with the reason', async (t) => {
  const server = await open(t);
  const { world, admin, bob, rooms } = server;
  const [roomId = ''] = rooms;
  await world.done(admin, 'POST', `/rooms/${roomId}/leave`);
  const status = (await redact(server, { rooms: [roomId], limit: 1, use_admin: true })) as {
    readonly failed_redactions: Readonly<Record<string, string>>;
  };
  assert.deepEqual(Object.values(status.failed_redactions), [`403: User ${admin.userId} not in room ${roomId}`]);
  assert.equal((await world.request(bob, 'POST', `${v1}/user/${bob.userId}/redact`, { rooms: [] })).status, 403);
});

test('invites and joins of a user are counted', async (t) => {
  const { world, admin, bob, rooms } = await open(t);
  const [carol] = await world.users('carol');
  const own = await world.hs.createRoom(bob, { invite: [carol.userId] });
  await world.done(bob, 'POST', `/rooms/${rooms[0] ?? ''}/leave`);
  const count = async (name: string, since: number): Promise<unknown> =>
    (await world.get(admin, `${v1}/users/${bob.userId}/${name}?from_ts=${since}`)).body;
  assert.deepEqual(await count('sent_invite_count', 0), { invite_count: 1 });
  assert.deepEqual(await count('sent_invite_count', 9_000_000_000_000), { invite_count: 0 });
  assert.deepEqual(await count('cumulative_joined_room_count', 0), { cumulative_joined_room_count: rooms.length + 1 });
  assert.ok(own);
});

test('a client learns which rooms its user shares with another', async (t) => {
  const { world, admin, bob, rooms } = await open(t);
  const path = '/_matrix/client/v1/mutual_rooms?user_id=';
  const shared = await world.get(bob, path + admin.userId);
  assert.deepEqual(shared.body, { joined: [...rooms].sort(), count: 2 });
  assert.equal((await world.get(bob, path + bob.userId)).status, 400);
  assert.equal((await world.get(bob, `${path}bob`)).at('error'), 'Invalid user_id query parameter');
});
