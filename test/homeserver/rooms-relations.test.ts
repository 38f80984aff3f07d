import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld, textOf } from '../support/room-world.js';

interface Conversation {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly roomId: string;
  readonly root: string;
  readonly reply: string;
}

function relatesTo(type: string, eventId: string, more: object = {}): object {
  return { 'm.relates_to': { rel_type: type, event_id: eventId, ...more } };
}

/** A root of alice with a thread, an edit, a reaction, a reference and an edit by bob that does not count. */
async function conversation(t: TestContext): Promise<Conversation> {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  await world.join(bob, roomId);
  const root = await world.send(alice, roomId, 'root');
  const say = (user: TestUser, body: string, type: string, to: string): Promise<string> =>
    world.send(user, roomId, { msgtype: 'm.text', body, ...relatesTo(type, to) });
  const reply = await say(bob, 'reply', 'm.thread', root);
  await world.send(bob, roomId, relatesTo('m.annotation', root, { key: '+1' }), 'm.reaction');
  await say(alice, 'edit', 'm.replace', root);
  await say(bob, 'forged edit', 'm.replace', root);
  await say(bob, 'reference', 'm.reference', root);
  await world.send(alice, roomId, relatesTo('m.annotation', reply, { key: '+1' }), 'm.reaction');
  return { world, alice, bob, roomId, root, reply };
}

const requests: readonly (readonly [path: string, texts: readonly string[]])[] = [
  ['', ['reference', 'forged edit', 'edit', 'm.reaction', 'reply']],
  ['?dir=f', ['reply', 'm.reaction', 'edit', 'forged edit', 'reference']],
  ['?limit=2', ['reference', 'forged edit']],
  ['?recurse=true&limit=2', ['m.reaction', 'reference']],
  ['/m.thread', ['reply']],
  ['/m.annotation/m.reaction', ['m.reaction']],
  ['/m.annotation/m.room.message', []],
];

test('relations are listed by type, newest or oldest first, and with the relations to them', async (t) => {
  const { world, alice, roomId, root } = await conversation(t);
  for (const [path, texts] of requests) {
    const answer = await world.get(alice, `/_matrix/client/v1/rooms/${roomId}/relations/${root}${path}`);
    assert.deepEqual(answer.listAt('chunk').map(textOf), texts, path);
  }
});

test('pages of relations follow each other', async (t) => {
  const { world, alice, roomId, root } = await conversation(t);
  const path = `/_matrix/client/v1/rooms/${roomId}/relations/${root}?limit=3`;
  const first = await world.get(alice, path);
  const token = first.textAt('next_batch');
  const second = await world.get(alice, `${path}&from=${token}`);
  assert.deepEqual(second.listAt('chunk').map(textOf), ['m.reaction', 'reply']);
  assert.deepEqual([second.at('next_batch'), second.at('prev_batch')], [undefined, token]);
});

test('relations to events that are unknown or hidden are not shown', async (t) => {
  const { world, alice, roomId, root } = await conversation(t);
  const [carol] = await world.users('carol');
  const path = `/_matrix/client/v1/rooms/${roomId}/relations`;
  const unknown = await world.get(alice, `${path}/$nope`);
  assert.deepEqual([unknown.status, unknown.at('error')], [404, 'Unknown parent event.']);
  assert.equal((await world.get(carol, `${path}/${root}`)).status, 403);
});

test('an event brings its newest edit, its thread in short and its references', async (t) => {
  const { world, alice, bob, roomId, root, reply } = await conversation(t);
  const shown = await world.get(bob, `/rooms/${roomId}/event/${root}`);
  assert.equal(shown.at('content', 'body'), 'root');
  assert.equal(shown.at('unsigned', 'm.relations', 'm.replace', 'content', 'body'), 'edit');
  assert.equal(shown.listAt('unsigned', 'm.relations', 'm.reference', 'chunk').length, 1);
  const thread = shown.at('unsigned', 'm.relations', 'm.thread') as Record<string, unknown>;
  assert.deepEqual([thread['count'], thread['current_user_participated']], [1, true]);
  assert.equal(Reflect.get(thread['latest_event'] as object, 'event_id'), reply);
  await world.redact(alice, roomId, root);
  const redacted = await world.get(bob, `/rooms/${roomId}/event/${root}`);
  assert.equal(redacted.at('unsigned', 'm.relations', 'm.replace'), undefined);
  await world.redact(bob, roomId, reply);
  const bare = await world.get(bob, `/rooms/${roomId}/event/${root}`);
  assert.equal(bare.at('unsigned', 'm.relations', 'm.thread'), undefined);
});

test('threads are listed with the liveliest first, all or those that the user took part in', async (t) => {
  const { world, alice, bob, roomId, root } = await conversation(t);
  const quiet = await world.send(alice, roomId, 'quiet');
  await world.send(alice, roomId, { msgtype: 'm.text', body: 'x', ...relatesTo('m.thread', quiet) });
  const path = `/_matrix/client/v1/rooms/${roomId}/threads`;
  const ids = async (query: string): Promise<unknown[]> =>
    (await world.get(bob, `${path}${query}`)).listAt('chunk').map((event) => event['event_id']);
  assert.deepEqual(await ids(''), [quiet, root]);
  assert.deepEqual(await ids('?include=participated'), [root]);
  const first = await world.get(bob, `${path}?limit=1`);
  assert.deepEqual(await ids(`?limit=1&from=${first.textAt('next_batch')}`), [root]);
  const wrong = await world.get(bob, `${path}?from=x`);
  assert.deepEqual([wrong.status, wrong.at('error')], [400, 'Invalid threads token']);
});

const mistakes: readonly (readonly [content: object, error: string])[] = [
  [relatesTo('m.annotation', '$nope', { key: 'x' }), "Can't send relation to unknown event"],
  [{ 'm.relates_to': { rel_type: 'm.annotation', event_id: 'ROOT' } }, 'Missing aggregation key'],
  [relatesTo('m.annotation', 'ROOT', { key: 'x'.repeat(501) }), 'Aggregation key is too long'],
  [relatesTo('m.annotation', 'ROOT', { key: '+1' }), "Can't send same reaction twice"],
  [relatesTo('m.thread', 'REPLY'), 'Cannot start threads from an event with a relation'],
];

test('relations that make no sense are refused', async (t) => {
  const { world, bob, roomId, root, reply } = await conversation(t);
  for (const [content, error] of mistakes) {
    const body = JSON.stringify(content).replace('ROOT', root).replace('REPLY', reply);
    const answer = await world.request(bob, 'POST', `/rooms/${roomId}/send/m.reaction`, body);
    assert.deepEqual([answer.status, answer.at('error')], [400, error]);
  }
});
