import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const path = '/_synapse/admin/v1/purge_history';

interface Server {
  readonly world: RoomWorld;
  readonly admin: TestUser;
  readonly alice: TestUser;
  readonly roomId: string;
  /** The IDs of "one", "two" and "three". */
  readonly events: readonly string[];
}

async function open(t: TestContext): Promise<Server> {
  const world = await RoomWorld.open(t);
  const admin = await world.admin();
  const [alice] = await world.users('alice');
  const roomId = await world.hs.createRoom(alice, { name: 'Lobby' });
  const events: string[] = [];
  for (const text of ['one', 'two', 'three']) events.push(await world.send(alice, roomId, text));
  return { world, admin, alice, roomId, events };
}

/** How a purge ends. */
async function purge({ world, admin, roomId }: Server, body: object): Promise<unknown> {
  const purgeId = (await world.done(admin, 'POST', `${path}/${roomId}`, body)).textAt('purge_id');
  await world.hs.homeserver.idle();
  return (await world.get(admin, `${path}_status/${purgeId}`)).body;
}

test('history before an event goes, state stays', async (t) => {
  const server = await open(t);
  const { world, admin, alice, roomId, events } = server;
  const body = { purge_up_to_event_id: events[2], delete_local_events: true };
  assert.deepEqual(await purge(server, body), { status: 'complete' });
  assert.deepEqual(await world.texts(alice, roomId), ['three']);
  assert.equal((await world.get(admin, `/_synapse/admin/v1/fetch_event/${events[0] ?? ''}`)).status, 404);
  assert.equal((await world.stateOf(alice, roomId, 'm.room.name')).at('name'), 'Lobby');
  await world.send(alice, roomId, 'four');
  assert.deepEqual(await world.texts(alice, roomId), ['four', 'three']);
});

test('messages of this server are kept, out of sight, unless they are to go too', async (t) => {
  const server = await open(t);
  const { world, admin, alice, roomId, events } = server;
  await purge(server, { purge_up_to_event_id: events[1] });
  assert.deepEqual(await world.texts(alice, roomId), ['three', 'two']);
  assert.equal((await world.get(admin, `/_synapse/admin/v1/fetch_event/${events[0] ?? ''}`)).status, 200);
});

test('a purge that makes no sense is refused', async (t) => {
  const { world, admin, alice, roomId, events } = await open(t);
  const other = await world.hs.createRoom(alice);
  const cases: readonly (readonly [string, object, number, string])[] = [
    [roomId, {}, 400, 'must specify purge_up_to_event_id or purge_up_to_ts'],
    [roomId, { purge_up_to_ts: 'x' }, 400, 'purge_up_to_ts must be an int'],
    [roomId, { purge_up_to_ts: 1 }, 404, 'there is no event to be purged'],
    [other, { purge_up_to_event_id: events[0] }, 400, 'Event is for wrong room.'],
  ];
  for (const [room, body, status, error] of cases) {
    const refused = await world.request(admin, 'POST', `${path}/${room}`, body);
    assert.deepEqual([refused.status, refused.at('error')], [status, error]);
  }
  assert.equal((await world.request(alice, 'POST', `${path}/${roomId}`, {})).status, 403);
  assert.equal((await world.get(admin, `${path}_status/nope`)).at('error'), "purge id 'nope' not found");
});
