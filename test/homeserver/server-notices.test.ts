import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerNoticesConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { RoomWorld } from '../support/room-world.js';

const path = '/_synapse/admin/v1/send_server_notice';
const content = { msgtype: 'm.text', body: 'The server sleeps tonight.' };

const serverNotices = Object.assign(new ServerNoticesConfig(), {
  systemMxidLocalpart: 'notices',
  systemMxidDisplayName: 'The server',
  roomTopic: 'News',
  roomAvatarUrl: 'mxc://hs.test/a',
  autoJoin: true,
});

test('a notice goes to a room of its own, which is tagged and joined, and later ones to the same', async (t) => {
  const world = await RoomWorld.open(t, { config: { serverNotices } });
  const [admin, [alice]] = [await world.admin(), await world.users('alice')];
  await world.done(admin, 'POST', path, { user_id: alice.userId, content });
  const joined = (await world.get(alice, '/joined_rooms')).at('joined_rooms') as string[];
  const [roomId = ''] = joined;
  assert.equal(joined.length, 1);
  const tags = (await world.get(alice, `/user/${alice.userId}/rooms/${roomId}/tags`)).at('tags');
  assert.deepEqual(tags, { 'm.server_notice': {} });
  assert.equal((await world.stateOf(alice, roomId, 'm.room.name')).at('name'), 'Server Notices');
  assert.equal((await world.stateOf(alice, roomId, 'm.room.topic')).at('topic'), 'News');
  assert.equal((await world.stateOf(alice, roomId, 'm.room.avatar')).at('url'), 'mxc://hs.test/a');
  const author = await world.stateOf(alice, roomId, 'm.room.member', '@notices:hs.test');
  assert.equal(author.at('displayname'), 'The server');
  const notice = { user_id: alice.userId, content: { ...content, body: 'Once.' } };
  const first = await world.done(admin, 'PUT', `${path}/t1`, notice);
  assert.deepEqual((await world.done(admin, 'PUT', `${path}/t1`, notice)).body, first.body);
  const filter = encodeURIComponent('{"types":["m.room.message"]}');
  assert.deepEqual(await world.texts(alice, roomId, `dir=f&filter=${filter}`), [content.body, 'Once.']);
  await world.done(admin, 'POST', path, { user_id: alice.userId, type: 'org.note', state_key: 'k', content: { a: 1 } });
  assert.deepEqual((await world.stateOf(alice, roomId, 'org.note', 'k')).body, { a: 1 });
});

test('the invite to a room of notices cannot be rejected, but the room can be left', async (t) => {
  const config = { serverNotices: Object.assign(new ServerNoticesConfig(), { systemMxidLocalpart: 'notices' }) };
  const world = await RoomWorld.open(t, { config });
  const [admin, [alice, bob]] = [await world.admin(), await world.users('alice', 'bob')];
  await world.done(admin, 'POST', path, { user_id: alice.userId, content });
  const invites = (await world.get(alice, '/sync')).at('rooms', 'invite') as object;
  const [roomId = ''] = Object.keys(invites);
  const leaving = ['/leave', '/leave', '/state/m.room.member/@alice:hs.test'] as const;
  for (const [index, end] of leaving.entries()) {
    const [method, body] =
      index === 2 ? ['PUT', { membership: 'leave' }] : ['POST', index === 0 ? {} : { reason: 'no' }];
    const refused = await world.request(alice, method, `/rooms/${roomId}${end}`, body);
    assert.deepEqual(
      [refused.status, refused.at('errcode'), refused.at('error')],
      [403, 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM', 'You cannot reject this invite'],
    );
  }
  await world.join(alice, roomId);
  await world.done(alice, 'POST', `/rooms/${roomId}/leave`);
  const other = await world.hs.createRoom(bob, { invite: [alice.userId] });
  await world.done(alice, 'POST', `/rooms/${other}/leave`);
});

test('notices are for users of a server that has them switched on, from administrators', async (t) => {
  const world = await RoomWorld.open(t, { config: { serverNotices } });
  const [admin, [alice]] = [await world.admin(), await world.users('alice')];
  const statusOf = async (userId: unknown, by = admin): Promise<unknown[]> => {
    const { status, ...answer } = await world.request(by, 'POST', path, { user_id: userId, content });
    return [status, (answer.body as { error?: string }).error];
  };
  assert.deepEqual(await statusOf('@x:other.test'), [400, 'Server notices can only be sent to local users']);
  assert.deepEqual(await statusOf('@nobody:hs.test'), [404, 'User not found']);
  assert.deepEqual(await statusOf(alice.userId, alice), [403, 'You are not a server admin']);
  const other = await RoomWorld.open(t);
  const refused = await other.request(await other.admin(), 'POST', path, { user_id: '@admin:hs.test', content });
  assert.deepEqual([refused.status, refused.at('error')], [400, 'Server notices are not enabled on this server']);
});
