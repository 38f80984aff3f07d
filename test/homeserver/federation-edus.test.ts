import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { RoomId } from '../../src/matrix/ids.js';
import { type Actor, type RemoteServer, startHomeserver, type TestHomeserver } from '../../src/testing/index.js';

interface Scene {
  readonly hs: TestHomeserver;
  readonly other: RemoteServer;
  readonly alice: Actor;
  readonly mallory: Actor;
  readonly roomId: RoomId;
}

/** Alice, and Mallory of another server, in a room. */
async function open(t: TestContext): Promise<Scene> {
  const hs = await startHomeserver({ modules: [] });
  t.after(() => hs.close());
  const [alice, other] = await Promise.all([hs.user('alice'), hs.remote('other.test')]);
  const roomId = await alice.createRoom({ preset: 'public_chat' });
  await other.join('mallory', roomId);
  return { hs, other, alice, mallory: await other.user('mallory'), roomId };
}

function ofType(other: RemoteServer, type: string): readonly unknown[] {
  return other.receivedEdus.filter((edu) => edu['edu_type'] === type).map((edu) => edu['content']);
}

test('other servers learn who types and what they have read', async (t) => {
  const { hs, other, alice, mallory, roomId } = await open(t);
  const { eventId } = await mallory.send(roomId, 'hello');
  await hs.idle();
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  await alice.request('PUT', `${room}/typing/${alice.userId}`, { typing: true, timeout: 5000 });
  await alice.request('POST', `${room}/receipt/m.read/${eventId}`, {});
  await alice.request('PUT', `${room}/typing/${alice.userId}`, { typing: false });
  await hs.idle();
  const typing = { room_id: roomId, user_id: alice.userId };
  assert.deepEqual(ofType(other, 'm.typing'), [
    { ...typing, typing: true },
    { ...typing, typing: false },
  ]);
  const [receipt] = ofType(other, 'm.receipt') as readonly Record<string, Record<string, Record<string, unknown>>>[];
  assert.ok(receipt?.[roomId]?.['m.read']?.[alice.userId] !== undefined);
});

test('presence passes between servers that share a room', async (t) => {
  const { hs, other, alice, mallory } = await open(t);
  const set = (actor: Actor, message: string): Promise<unknown> =>
    actor.request('PUT', `/_matrix/client/v3/presence/${actor.userId}/status`, {
      presence: 'online',
      status_msg: message,
    });
  await set(alice, 'here');
  await set(mallory, 'there');
  await hs.idle();
  const told = ofType(other, 'm.presence') as readonly { readonly push: readonly Record<string, unknown>[] }[];
  assert.deepEqual([told.at(-1)?.push[0]?.['user_id'], told.at(-1)?.push[0]?.['status_msg']], [alice.userId, 'here']);
  const seen = await alice.request('GET', `/_matrix/client/v3/presence/${mallory.userId}/status`);
  assert.equal((seen.body as Record<string, unknown>)['status_msg'], 'there');
});

test('messages to devices reach users of other servers', async (t) => {
  const { hs, alice, mallory } = await open(t);
  await alice.request('PUT', '/_matrix/client/v3/sendToDevice/x.test/1', {
    messages: { [mallory.userId]: { '*': { a: 1 } } },
  });
  await hs.idle();
  const sync = await mallory.request('GET', '/_matrix/client/v3/sync');
  const { to_device: toDevice } = sync.body as { readonly to_device?: { readonly events: readonly unknown[] } };
  assert.deepEqual(toDevice?.events, [{ content: { a: 1 }, type: 'x.test', sender: alice.userId }]);
});

test('a server that could not be reached gets the newest event of a room when it is there again', async (t) => {
  const { hs, other, alice, mallory, roomId } = await open(t);
  await hs.idle();
  const before = other.receivedEvents.length;
  other.disconnect();
  for (const text of ['one', 'two']) await alice.send(roomId, text);
  await hs.idle();
  assert.equal(other.receivedEvents.length, before);
  other.reconnect();
  await mallory.send(roomId, 'back');
  await hs.idle();
  const bodies = other.receivedEvents
    .slice(before)
    .map((event) => (event['content'] as Record<string, unknown>)['body']);
  assert.deepEqual(bodies, ['two']);
});
