import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/matrix/json.js';
import { type Actor, type RemoteServer, startHomeserver, type TestHomeserver } from '../../src/testing/index.js';

interface Pair {
  readonly hs: TestHomeserver;
  readonly other: RemoteServer;
  readonly alice: Actor;
}

async function startPair(config: JsonObject = {}): Promise<Pair> {
  const hs = await startHomeserver({ modules: [], config });
  const [alice, other] = await Promise.all([hs.user('alice'), hs.remote('other.test')]);
  return { hs, other, alice };
}

const questions: readonly (readonly [path: string, status: number, expected: unknown])[] = [
  ['/v1/query/profile?user_id=@alice:localhost', 200, { displayname: 'alice' }],
  ['/v1/query/profile?user_id=@alice:localhost&field=avatar_url', 200, {}],
  ['/v1/query/profile?user_id=@nobody:localhost', 404, 'Profile was not found'],
  ['/v1/query/profile?user_id=@a:elsewhere', 400, 'User is not hosted on this homeserver'],
  ['/v1/query/profile', 400, "Missing string query parameter 'user_id'"],
  ['/v1/query/directory?room_alias=%23none:localhost', 404, 'Room alias #none:localhost not found'],
  ['/v1/query/directory?room_alias=%23a:elsewhere', 400, 'Room Alias is not hosted on this homeserver'],
  ['/v1/query/weather', 404, "No handler for Query type 'weather'"],
  ['/v1/publicRooms', 403, 'Federation denied with other.test.'],
  ['/v1/user/devices/@a:elsewhere', 400, 'User is not hosted on this homeserver'],
];

for (const [path, status, expected] of questions) {
  test(`${path} is answered with ${String(status)}`, async (t) => {
    const { hs, other } = await startPair();
    t.after(() => hs.close());
    const { body, error, ...answer } = await other.request('GET', `/_matrix/federation${path}`);
    assert.deepEqual([answer.status, error ?? body], [status, expected]);
  });
}

test('the room directory is open to other servers where it is configured so', async (t) => {
  const { hs, other, alice } = await startPair({
    allow_public_rooms_over_federation: true,
    room_list_publication_rules: [{ action: 'allow' }],
  });
  t.after(() => hs.close());
  const roomId = await alice.createRoom({ preset: 'public_chat', visibility: 'public' });
  const { body } = await other.request('GET', '/_matrix/federation/v1/publicRooms');
  assert.deepEqual(
    (body['chunk'] as unknown as readonly { room_id: string }[]).map((room) => room.room_id),
    [roomId],
  );
});

test('the devices of a user are told', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const { body } = await other.request('GET', `/_matrix/federation/v1/user/devices/${alice.userId}`);
  assert.deepEqual(body['devices'], [{ device_id: alice.deviceId }]);
});

test('rooms of other servers are joined by their aliases', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const bob = await other.user('bob');
  const roomId = await bob.createRoom({ preset: 'public_chat', room_alias_name: 'lobby' });
  const answer = await alice.join('#lobby:other.test');
  assert.deepEqual([answer.status, answer.body], [200, { room_id: roomId }]);
  const missing = await alice.join('#none:other.test');
  assert.deepEqual([missing.status, missing.error], [404, 'Room alias #none:other.test not found']);
  const gone = await alice.join('#a:nowhere.test');
  assert.deepEqual([gone.status, gone.error], [502, 'Failed to fetch alias']);
});

test('profiles of other servers are asked for there', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  await other.user('bob');
  const read = async (path: string): Promise<unknown[]> => {
    const { status, body } = await alice.request('GET', `/_matrix/client/v3/profile/${path}`);
    return [status, body['error'] ?? body];
  };
  assert.deepEqual(await read('@bob:other.test'), [200, { displayname: 'bob' }]);
  assert.deepEqual(await read('@bob:other.test/displayname'), [200, { displayname: 'bob' }]);
  assert.deepEqual(await read('@none:other.test'), [404, 'Profile was not found']);
  assert.deepEqual(await read('@x:nowhere.test'), [502, 'Failed to fetch profile']);
});

test('users of other servers are seen typing and reading', async (t) => {
  const { hs, other, alice } = await startPair();
  t.after(() => hs.close());
  const roomId = await alice.createRoom({ preset: 'public_chat' });
  await other.join('bob', roomId);
  const eventId = (await alice.send(roomId, 'hello')).body['event_id'] as string;
  const read = { [roomId]: { 'm.read': { '@bob:other.test': { event_ids: [eventId], data: { ts: 1 } } } } };
  const edus = [
    { edu_type: 'm.typing', content: { room_id: roomId, user_id: '@bob:other.test', typing: true } },
    { edu_type: 'm.typing', content: { room_id: roomId, user_id: '@forged:localhost', typing: true } },
    { edu_type: 'm.receipt', content: read },
    { edu_type: 'm.unknown', content: {} },
  ];
  const answer = await other.request('PUT', '/_matrix/federation/v1/send/1', { pdus: [], edus });
  assert.deepEqual([answer.status, answer.body], [200, { pdus: {} }]);
  const { body } = await alice.request('GET', '/_matrix/client/v3/sync');
  const joined = (body['rooms'] as JsonObject)['join'] as JsonObject;
  const { events } = (joined[roomId] as { ephemeral: { events: readonly { type: string; content: JsonObject }[] } })
    .ephemeral;
  assert.deepEqual(events.find((event) => event.type === 'm.typing')?.content, { user_ids: ['@bob:other.test'] });
  const receipt = events.find((event) => event.type === 'm.receipt')?.content[eventId] as JsonObject;
  assert.deepEqual(Object.keys(receipt['m.read'] as JsonObject), ['@bob:other.test']);
});
