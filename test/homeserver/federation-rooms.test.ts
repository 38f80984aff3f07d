import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHomeserver } from '../../src/testing/index.js';

const readers: readonly (readonly [path: string, status: number])[] = [
  ['/_synapse/admin/v1/rooms', 200],
  ['/_synapse/admin/v1/rooms/ROOM', 200],
  ['/_synapse/admin/v1/rooms/ROOM/members', 200],
  ['/_synapse/admin/v1/rooms/ROOM/state', 200],
  ['/_matrix/client/v3/rooms/ROOM/state', 403],
  ['/_matrix/client/v3/rooms/ROOM/members', 403],
  ['/_matrix/client/v3/rooms/ROOM/messages?dir=b', 403],
  ['/_matrix/client/v3/rooms/ROOM/joined_members', 403],
  ['/_matrix/client/v3/publicRooms', 200],
  ['/_matrix/client/v3/joined_rooms', 200],
  ['/_matrix/client/v3/sync', 200],
];

test('a room of which only an invite is known harms no request', async (t) => {
  const hs = await startHomeserver({ modules: [] });
  t.after(() => hs.close());
  const [admin, other] = await Promise.all([hs.admin('admin'), hs.remote('other.test')]);
  const { roomId } = await other.invite('mallory', admin.userId);
  for (const [path, status] of readers) {
    const answer = await admin.request('GET', path.replace('ROOM', encodeURIComponent(roomId)));
    assert.equal(answer.status, status, `${path}: ${JSON.stringify(answer.body)}`);
  }
  const message = await admin.send(roomId, 'hello');
  assert.equal(message.status, 403);
});
