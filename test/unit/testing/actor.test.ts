import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoomAlias } from '../../../src/index.js';
import { type Actor, RefusedError, startHomeserver, type TestHomeserver } from '../../../src/testing/index.js';

async function startPair(): Promise<{
  readonly hs: TestHomeserver;
  readonly alice: Actor;
  readonly bob: Actor;
}> {
  const hs = await startHomeserver({ modules: [] });
  const [alice, bob] = [await hs.user('alice'), await hs.user('bob')];
  return { hs, alice, bob };
}

test('users come and go', async (t) => {
  const { hs, alice, bob } = await startPair();
  t.after(() => hs.close());
  const room = await alice.createRoom();
  await alice.invite(room, bob.userId, 'come in');
  assert.deepEqual((await bob.sync()).invited, [room]);
  await bob.join(room);
  assert.deepEqual(await alice.members(room), [alice.userId, bob.userId]);
  await alice.kick(room, bob.userId);
  assert.deepEqual((await bob.sync()).left, [room]);
  await alice.ban(room, '@bob:localhost', 'enough');
  assert.equal((await bob.join(room)).status, 403);
  await alice.unban(room, bob.userId);
  await alice.sendState(room, 'm.room.join_rules', { join_rule: 'knock' });
  assert.equal((await bob.knock(room, 'please')).status, 200);
  await alice.invite(room, bob.userId);
  await bob.leave(room);
  assert.equal((await alice.state(room, 'm.room.member', bob.userId))?.['membership'], 'leave');
});

test('events are sent, replaced, reacted to, taken back and read', async (t) => {
  const { hs, alice } = await startPair();
  t.after(() => hs.close());
  const room = await alice.createRoom();
  const { eventId } = await alice.send(room, 'hello');
  await alice.edit(room, eventId, 'good morning');
  await alice.react(room, eventId, '+1');
  const { content } = await alice.event(room, eventId);
  assert.equal(content['body'], 'hello');
  const types = (await alice.messages(room)).map(({ type }) => type).slice(-3);
  assert.deepEqual(types, ['m.room.message', 'm.room.message', 'm.reaction']);
  assert.equal((await alice.report(room, eventId, 'rude')).status, 200);
  await alice.redact(room, eventId, 'sorry');
  assert.deepEqual((await alice.event(room, eventId)).content, {});
  assert.equal(await alice.state(room, 'm.room.topic'), undefined);
  const state = await alice.sendState(room, 'm.room.topic', { topic: 'x' });
  assert.deepEqual((await alice.event(room, state.eventId)).content, { topic: 'x' });
});

test('a refusal is an answer, or an error where a value was expected', async (t) => {
  const { hs, alice, bob } = await startPair();
  t.after(() => hs.close());
  const room = await alice.createRoom();
  const refused = await bob.send(room, 'hello');
  assert.equal(refused.errcode, 'M_FORBIDDEN');
  assert.throws(() => refused.eventId, RefusedError);
  await assert.rejects(bob.messages(room), { name: 'RefusedError', status: 403 });
  await assert.rejects(bob.state(room, 'm.room.topic'), RefusedError);
  await assert.rejects(bob.createRoom({ room_version: 'none' }), { errcode: 'M_UNSUPPORTED_ROOM_VERSION' });
});

test('an event is waited for, and none between is lost', async (t) => {
  const { hs, alice, bob } = await startPair();
  t.after(() => hs.close());
  const room = await alice.createRoom({ preset: 'public_chat' });
  await bob.join(room);
  await bob.sync();
  const later = bob.waitFor(room, ({ content }) => content['body'] === 'two');
  for (const text of ['one', 'two', 'three']) await alice.send(room, text);
  assert.equal((await later).content['body'], 'two');
  assert.equal((await bob.waitFor(room, 'm.room.message')).content['body'], 'three');
  const texts = (await bob.sync()).timeline(room).map(({ content }) => content['body']);
  assert.deepEqual(texts, ['one', 'two', 'three'], 'sync goes on where sync ended');
  await assert.rejects(bob.waitFor(room, 'm.none'), /did not come to .* What came: nothing\./);
});

test('a sync tells what is new, once', async (t) => {
  const { hs, alice, bob } = await startPair();
  t.after(() => hs.close());
  const room = await alice.createRoom({ preset: 'public_chat' });
  await bob.join(room);
  await alice.setAccountData('m.note', { text: 'x' });
  await alice.setAccountData('m.tag', { tags: {} }, room);
  const first = await alice.sync();
  assert.deepEqual(first.joined, [room]);
  assert.ok(first.accountData().some((event) => event['type'] === 'm.note'));
  assert.ok(first.accountData(room).some((event) => event['type'] === 'm.tag'));
  await bob.request('PUT', `/_matrix/client/v3/rooms/${room}/typing/${bob.userId}`, { typing: true, timeout: 5000 });
  const next = await alice.sync();
  assert.deepEqual(next.timeline(room), []);
  assert.equal(next.ephemeral(room)[0]?.['type'], 'm.typing');
  assert.deepEqual((await alice.sync({ since: null })).joined, [room]);
  assert.deepEqual(next.toDevice, []);
});

test('accounts have profiles, data, files, devices and sessions', async (t) => {
  const { hs, alice, bob } = await startPair();
  t.after(() => hs.close());
  await alice.setDisplayName('Alice');
  const picture = await alice.upload(new Uint8Array([1, 2, 3]), { contentType: 'image/png', filename: 'a.png' });
  await alice.setAvatarUrl(picture);
  assert.deepEqual(await bob.profile(alice.userId), { displayname: 'Alice', avatar_url: picture });
  assert.deepEqual([...(await bob.download(picture))], [1, 2, 3]);
  await assert.rejects(bob.download('mxc://localhost/none'), { status: 404 });
  await alice.setAccountData('m.note', { text: 'x' });
  assert.deepEqual(await alice.accountData('m.note'), { text: 'x' });
  assert.equal(await alice.accountData('m.none'), undefined);
  await alice.createRoom({ preset: 'public_chat' });
  assert.deepEqual(
    (await bob.searchUsers('alice')).map((profile) => profile.user_id),
    [alice.userId],
  );
  const alias = '#home:localhost' as RoomAlias;
  const room = await alice.createRoom();
  assert.equal((await alice.createAlias(room, alias)).status, 200);
  const phone = await hs.login('alice');
  await phone.logout();
  assert.equal((await phone.request('GET', '/_matrix/client/v3/account/whoami')).errcode, 'M_UNKNOWN_TOKEN');
  assert.equal(await hs.user('alice'), alice);
  assert.equal((await hs.admin('alice')).userId, alice.userId);
});

test('a user who may not register is asked for again', async (t) => {
  const hs = await startHomeserver({ modules: [], config: { enable_registration: false } });
  t.after(() => hs.close());
  await assert.rejects(hs.user('alice'), { status: 403 });
  await assert.rejects(hs.user('alice'), RefusedError);
});
