import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from 'vesicle';
import { checkModules, startHomeserver, type TestHomeserver } from 'vesicle/testing';
import { RoomRules } from '../../samples/room-rules/module.js';

function start(config: JsonObject = {}): Promise<TestHomeserver> {
  return startHomeserver({ modules: [[RoomRules, config]] });
}

test('only users on the list and admins create public rooms', async () => {
  await using hs = await start({ public_room_creators: ['@alice:localhost'] });
  const [alice, bob, admin] = [await hs.user('alice'), await hs.user('bob'), await hs.admin('root')];
  for (const options of [{ visibility: 'public' }, { preset: 'public_chat' }]) {
    await alice.createRoom(options);
    await admin.createRoom(options);
    await assert.rejects(bob.createRoom(options), { status: 403, errcode: 'M_FORBIDDEN' });
  }
  await bob.createRoom();
});

test('a room without a topic gets the default one', async () => {
  await using hs = await start({ default_topic: 'Be kind.' });
  const alice = await hs.user('alice');
  const topicOf = async (options: JsonObject): Promise<unknown> => {
    const topic = await alice.state(await alice.createRoom(options), 'm.room.topic');
    return topic?.['topic'];
  };
  assert.equal(await topicOf({}), 'Be kind.');
  assert.equal(await topicOf({ topic: 'Mine' }), 'Mine');
});

test('a card number is replaced before the message is stored', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  const { eventId } = await alice.send(room, 'pay with 4111 1111 1111 1111, please');
  const { content } = await alice.event(room, eventId);
  assert.equal(content['body'], 'pay with [card number removed], please');
});

test('messages of other servers stay as they are: nobody is asked about them', async () => {
  await using hs = await start();
  const [alice, other] = [await hs.user('alice'), await hs.remote('other.test')];
  const room = await alice.createRoom();
  await alice.invite(room, '@bob:other.test');
  await other.join('@bob:other.test', room);
  hs.calls.clear();
  const bob = await other.user('bob');
  await bob.send(room, '4111 1111 1111 1111');
  const { content } = await alice.waitFor(room, 'm.room.message');
  assert.equal(content['body'], '4111 1111 1111 1111');
  assert.deepEqual(hs.calls.list({ name: 'check_event_allowed' }), []);
});

test('a permanent name can be set once', async () => {
  await using hs = await start({ names_are_permanent: true });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.sendState(room, 'm.room.name', { name: 'One' })).status, 200);
  assert.equal((await alice.sendState(room, 'm.room.name', { name: 'Two' })).status, 403);
  const answers = hs.calls.of('third_party_rules', 'check_event_allowed', {
    where: ({ args: [event] }) => event.type === 'm.room.name',
  });
  assert.deepEqual(
    answers.map((call) => call.answer),
    [
      [true, null],
      [false, null],
    ],
  );
});

test('an alias starts with the name of its creator', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.createAlias(room, '#alice-home:localhost')).status, 200);
  assert.equal((await alice.createAlias(room, '#bobs:localhost')).errcode, 'M_FORBIDDEN');
});

test('those on the list must be user IDs', async () => {
  const [problem] = await checkModules({ modules: [[RoomRules, { public_room_creators: ['alice'] }]] });
  assert.equal(problem?.path, 'modules.<item 0>.config.public_room_creators.<item 0>');
});
