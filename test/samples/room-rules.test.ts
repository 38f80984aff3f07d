import assert from 'node:assert/strict';
import test from 'node:test';
import type { EventId } from 'vesicle';
import { startHomeserver, type TestAnswer } from 'vesicle/testing';
import { RoomRules } from '../../samples/room-rules/module.js';

const create = '/_matrix/client/v3/createRoom';
const start = (config: object) => startHomeserver({ modules: [[RoomRules, config]] });

test('only users on the list and admins create public rooms', async (t) => {
  const hs = await start({ public_room_creators: ['@alice:localhost'] });
  t.after(() => hs.close());
  const [alice, bob, admin] = [await hs.user('alice'), await hs.user('bob'), await hs.admin('root')];
  const statuses = async (body: Record<string, string>): Promise<number[]> => {
    const answers: TestAnswer[] = [];
    for (const user of [alice, bob, admin]) answers.push(await user.request('POST', create, body));
    return answers.map(({ status }) => status);
  };
  assert.deepEqual(await statuses({ visibility: 'public' }), [200, 403, 200]);
  assert.deepEqual(await statuses({ preset: 'public_chat' }), [200, 403, 200]);
  assert.deepEqual(await statuses({}), [200, 200, 200]);
});

test('a room without a topic gets the default one', async (t) => {
  const hs = await start({ default_topic: 'Be kind.' });
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const topicOf = async (options: Record<string, string>): Promise<unknown> => {
    const room = await alice.createRoom(options);
    return (await alice.request('GET', `/_matrix/client/v3/rooms/${room}/state/m.room.topic/`)).body['topic'];
  };
  assert.equal(await topicOf({}), 'Be kind.');
  assert.equal(await topicOf({ topic: 'Mine' }), 'Mine');
});

test('a card number is replaced before the message is stored', async (t) => {
  const hs = await start({});
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  const sent = await alice.send(room, 'pay with 4111 1111 1111 1111, please');
  const stored = await alice.event(room, sent.body['event_id'] as EventId);
  const content = stored.body['content'] as Record<string, unknown>;
  assert.equal(content['body'], 'pay with [card number removed], please');
});

test('a permanent name can be set once', async (t) => {
  const hs = await start({ names_are_permanent: true });
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.sendState(room, 'm.room.name', { name: 'One' })).status, 200);
  assert.equal((await alice.sendState(room, 'm.room.name', { name: 'Two' })).status, 403);
});

test('an alias starts with the name of its creator', async (t) => {
  const hs = await start({});
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  const put = (alias: string): Promise<TestAnswer> =>
    alice.request('PUT', `/_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`, { room_id: room });
  assert.equal((await put('#alice-home:localhost')).status, 200);
  assert.equal((await put('#bobs:localhost')).errcode, 'M_FORBIDDEN');
});
