import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { UserId } from '../../src/matrix/ids.js';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

type Visibility = 'world_readable' | 'shared' | 'invited' | 'joined' | 'nonsense';

/** What each of them sees of a message that alice sends before they do what their name says. */
const sights: readonly (readonly [
  visibility: Visibility,
  joinedLater: boolean,
  invited: boolean,
  stranger: boolean,
])[] = [
  ['world_readable', true, true, true],
  ['shared', true, false, false],
  ['invited', false, true, false],
  ['joined', false, false, false],
  ['nonsense', true, false, false],
];

interface People {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly later: TestUser;
  readonly invited: TestUser;
  readonly stranger: TestUser;
  readonly roomId: string;
}

async function people(t: TestContext): Promise<People> {
  const world = await RoomWorld.open(t);
  const [alice, later, invited, stranger] = await world.users('alice', 'later', 'invited', 'stranger');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  await world.done(alice, 'POST', `/rooms/${roomId}/invite`, { user_id: invited.userId });
  return { world, alice, later, invited, stranger, roomId };
}

test('the history visibility at the time of an event says who may see it', async (t) => {
  const { world, alice, later, invited, stranger, roomId } = await people(t);
  const sent = new Map<Visibility, string>();
  for (const [visibility] of sights) {
    await world.setState(alice, roomId, 'm.room.history_visibility', { history_visibility: visibility });
    sent.set(visibility, await world.send(alice, roomId, visibility));
  }
  await world.join(later, roomId);
  const maySee = async (user: TestUser, visibility: Visibility): Promise<boolean> =>
    (await world.get(user, `/rooms/${roomId}/event/${sent.get(visibility) ?? ''}`)).status === 200;
  for (const [visibility, ...expected] of sights) {
    const seen = [
      await maySee(later, visibility),
      await maySee(invited, visibility),
      await maySee(stranger, visibility),
    ];
    assert.deepEqual(seen, expected, visibility);
  }
  assert.deepEqual(
    (await world.texts(later, roomId)).filter((text) => sent.has(text as Visibility)),
    ['nonsense', 'shared', 'world_readable'],
  );
});

test('a change of the visibility is shown to whom either side of it allows it', async (t) => {
  const { world, alice, later, roomId } = await people(t);
  const visibility = (value: string): Promise<string> =>
    world.setState(alice, roomId, 'm.room.history_visibility', { history_visibility: value });
  const closing = await visibility('joined');
  const hidden = await visibility('invited');
  const opening = await visibility('shared');
  await world.join(later, roomId);
  const see = async (id: string): Promise<number> => (await world.get(later, `/rooms/${roomId}/event/${id}`)).status;
  assert.deepEqual([await see(closing), await see(hidden), await see(opening)], [200, 404, 200]);
});

test('those who left read up to their leaving, those who forgot or were banned nothing', async (t) => {
  const { world, alice, later, roomId } = await people(t);
  await world.join(later, roomId);
  await world.send(alice, roomId, 'heard');
  await world.done(later, 'POST', `/rooms/${roomId}/leave`);
  await world.send(alice, roomId, 'missed');
  assert.deepEqual((await world.texts(later, roomId)).slice(0, 2), ['m.room.member', 'heard']);
  await world.done(later, 'POST', `/rooms/${roomId}/forget`);
  assert.equal((await world.get(later, `/rooms/${roomId}/messages?dir=b`)).status, 403);
  await world.join(later, roomId);
  await world.done(alice, 'POST', `/rooms/${roomId}/ban`, { user_id: later.userId });
  assert.equal((await world.get(later, `/rooms/${roomId}/messages?dir=b`)).status, 403);
});

test('a room that the whole world may read is open to strangers, previews of others are not', async (t) => {
  const { world, alice, stranger, roomId } = await people(t);
  const refused = await world.get(stranger, `/rooms/${roomId}/messages?dir=b`);
  const error = `User ${stranger.userId} not in room ${roomId}, and room previews are disabled`;
  assert.deepEqual([refused.status, refused.body], [403, { errcode: 'M_FORBIDDEN', error }]);
  await world.setState(alice, roomId, 'm.room.history_visibility', { history_visibility: 'world_readable' });
  await world.send(alice, roomId, 'welcome');
  assert.deepEqual((await world.texts(stranger, roomId))[0], 'welcome');
  assert.equal((await world.get(stranger, `/rooms/${roomId}/members`)).status, 200);
});

test('messages of ignored users and calls in public rooms are left out', async (t) => {
  const { world, alice, later, roomId } = await people(t);
  await world.join(later, roomId);
  await world.send(later, roomId, 'noise');
  await world.setState(alice, roomId, 'm.room.join_rules', { join_rule: 'invite' });
  await world.send(alice, roomId, { call_id: '1', version: 0, lifetime: 1, offer: {} }, 'm.call.invite');
  await world.setState(alice, roomId, 'm.room.topic', { topic: 'x' });
  await world.done(alice, 'PUT', `/user/${alice.userId}/account_data/m.ignored_user_list`, {
    ignored_users: { [later.userId]: {} },
  });
  const texts = await world.texts(alice, roomId);
  assert.equal(texts.includes('noise'), false);
  assert.equal(texts.includes('m.call.invite'), true);
});

test('what an erased user wrote is empty for those who were not there', async (t) => {
  const { world, alice, later, roomId } = await people(t);
  const [eraser] = await world.users('eraser');
  await world.join(eraser, roomId);
  const eventId = await world.send(eraser, roomId, 'my words');
  await world.join(later, roomId);
  world.hs.homeserver.services.userStore.setErased(eraser.userId as UserId, true);
  const path = `/rooms/${roomId}/event/${eventId}`;
  assert.deepEqual((await world.get(alice, path)).at('content', 'body'), 'my words');
  const late = await world.get(later, path);
  assert.deepEqual([late.at('content'), late.at('unsigned', 'redacted_because')], [{}, undefined]);
});

test('a redaction of an event that nobody knows is not shown', async (t) => {
  const { world, alice, roomId } = await people(t);
  await world.redact(alice, roomId, '$nope');
  assert.equal((await world.texts(alice, roomId)).includes('m.room.redaction'), false);
  const sync = await world.get(alice, '/sync');
  const types = sync.listAt('rooms', 'join', roomId, 'timeline', 'events').map((event) => event['type']);
  assert.equal(types.includes('m.room.redaction'), false);
});

test('a receipt for an event that its sender may not see is refused, one for an unknown event is no matter', async (t) => {
  const { world, alice, later, roomId } = await people(t);
  await world.setState(alice, roomId, 'm.room.history_visibility', { history_visibility: 'joined' });
  const before = await world.send(alice, roomId, 'before');
  await world.join(later, roomId);
  const after = await world.send(alice, roomId, 'after');
  const mark = (eventId: string): ReturnType<RoomWorld['request']> =>
    world.request(later, 'POST', `/rooms/${roomId}/receipt/m.read/${encodeURIComponent(eventId)}`, {});
  const refused = await mark(before);
  assert.deepEqual([refused.status, refused.at('errcode')], [403, 'M_FORBIDDEN']);
  assert.equal(refused.at('error'), "You don't have permission to access that event.");
  assert.equal((await mark(after)).status, 200);
  assert.equal((await mark('$nothing')).status, 200);
});
