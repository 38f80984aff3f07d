import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld, textOf } from '../support/room-world.js';

interface Talk {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly roomId: string;
}

/** A public room with the messages m1 to m4 of alice and p5, a picture of bob. */
async function talk(t: TestContext): Promise<Talk> {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  await world.join(bob, roomId);
  for (const body of ['m1', 'm2', 'm3', 'm4']) await world.send(alice, roomId, body);
  await world.send(bob, roomId, { msgtype: 'm.image', body: 'p5', url: 'mxc://hs.test/x' });
  return { world, alice, bob, roomId };
}

test('pages of messages follow each other without gaps in both directions and end without a token', async (t) => {
  const { world, alice, roomId } = await talk(t);
  const whole = await world.texts(alice, roomId, 'dir=f&limit=100');
  for (const direction of ['f', 'b']) {
    const read: string[] = [];
    let from = '';
    for (let page = 0; page < 10; page++) {
      const answer = await world.get(alice, `/rooms/${roomId}/messages?dir=${direction}&limit=4${from}`);
      read.push(...answer.listAt('chunk').map(textOf));
      if (answer.at('end') === undefined) break;
      from = `&from=${answer.textAt('end')}`;
    }
    assert.deepEqual(direction === 'f' ? read : read.reverse(), whole, direction);
  }
});

test('messages are read up to a token', async (t) => {
  const { world, alice, roomId } = await talk(t);
  const first = await world.get(alice, `/rooms/${roomId}/messages?dir=b&limit=2`);
  const second = await world.texts(alice, roomId, `dir=f&from=${first.textAt('end')}`);
  assert.deepEqual(second, ['m4', 'p5']);
  const start = first.textAt('start');
  assert.deepEqual(await world.texts(alice, roomId, `dir=b&from=${start}&to=${first.textAt('end')}`), ['p5', 'm4']);
});

const filters: readonly (readonly [filter: object, texts: readonly string[]])[] = [
  [{ types: ['m.room.message'] }, ['p5', 'm4', 'm3', 'm2', 'm1']],
  [{ types: ['m.room.mess*'], not_senders: ['@bob:hs.test'] }, ['m4', 'm3', 'm2', 'm1']],
  [{ types: [] }, []],
  [{ not_types: ['m.room.*'] }, []],
  [{ senders: ['@bob:hs.test'] }, ['p5', 'm.room.member']],
  [{ contains_url: true }, ['p5']],
  [{ types: ['m.room.message'], contains_url: false }, ['m4', 'm3', 'm2', 'm1']],
  [{ rooms: ['!other:hs.test'] }, []],
  [{ 'org.matrix.labels': ['#fun'] }, []],
  [{ types: ['m.room.member'], lazy_load_members: true }, ['m.room.member', 'm.room.member']],
];

test('a filter leaves only what it describes', async (t) => {
  const { world, alice, roomId } = await talk(t);
  for (const [filter, texts] of filters) {
    const query = `dir=b&limit=100&filter=${encodeURIComponent(JSON.stringify(filter))}`;
    assert.deepEqual(await world.texts(alice, roomId, query), texts, JSON.stringify(filter));
  }
});

test('lazy loading adds the members who sent the page', async (t) => {
  const { world, alice, bob, roomId } = await talk(t);
  const filter = encodeURIComponent('{"lazy_load_members":true}');
  const page = await world.get(alice, `/rooms/${roomId}/messages?dir=b&limit=1&filter=${filter}`);
  assert.deepEqual(
    page.listAt('state').map((event) => event['state_key']),
    [bob.userId],
  );
});

const badQueries: readonly (readonly [query: string, errcode: string, error: string])[] = [
  ['dir=x', 'M_INVALID_PARAM', "Query parameter 'dir' must be one of ['b', 'f']"],
  ['limit=x', 'M_INVALID_PARAM', 'Query parameter limit must be an integer'],
  ['limit=-1', 'M_INVALID_PARAM', 'Query parameter limit must be a positive integer.'],
  ['from=x', 'M_UNKNOWN', "'from' parameter is invalid"],
  ['to=x', 'M_UNKNOWN', "'to' parameter is invalid"],
  ['filter=x', 'M_NOT_JSON', 'Query parameter filter must be a valid JSON object'],
  ['filter=5', 'M_NOT_JSON', 'Query parameter filter must be a valid JSON object'],
  ['filter=%7B%22types%22%3A5%7D', 'M_BAD_JSON', 'filter.types must be a list'],
];

test('a request for a page that makes no sense is refused', async (t) => {
  const { world, alice, roomId } = await talk(t);
  for (const [query, errcode, error] of badQueries) {
    const answer = await world.get(alice, `/rooms/${roomId}/messages?${query}`);
    assert.deepEqual([answer.status, answer.body], [400, { errcode, error }], query);
  }
});

test('an event is shown to those who may see it, with its redaction after it was redacted', async (t) => {
  const { world, alice, bob, roomId } = await talk(t);
  const eventId = await world.send(bob, roomId, 'secret');
  const path = `/rooms/${roomId}/event/${eventId}`;
  assert.equal((await world.get(alice, path)).at('content', 'body'), 'secret');
  const own = await world.get(bob, path);
  assert.match(own.textAt('unsigned', 'transaction_id'), /^t\d+$/);
  assert.equal((await world.get(alice, path)).at('unsigned', 'transaction_id'), undefined);
  await world.redact(alice, roomId, eventId);
  const redacted = await world.get(bob, path);
  assert.deepEqual(redacted.at('content'), {});
  assert.equal(redacted.at('unsigned', 'redacted_because', 'sender'), alice.userId);
  for (const other of [`/rooms/${roomId}/event/$nope`, `/rooms/!other:hs.test/event/${eventId}`]) {
    const answer = await world.get(alice, other);
    assert.deepEqual([answer.status, answer.body], [404, { errcode: 'M_NOT_FOUND', error: 'Event not found.' }], other);
  }
});

test('the context of an event is what was said around it, with tokens to read on and the state then', async (t) => {
  const { world, alice, roomId } = await talk(t);
  const page = await world.get(alice, `/rooms/${roomId}/messages?dir=b&limit=3`);
  const eventId = page.textAt('chunk', 2, 'event_id');
  await world.setState(alice, roomId, 'm.room.topic', { topic: 'later' });
  const context = await world.get(alice, `/rooms/${roomId}/context/${eventId}?limit=3`);
  assert.deepEqual(context.listAt('events_before').map(textOf), ['m2']);
  assert.equal(context.at('event', 'content', 'body'), 'm3');
  assert.deepEqual(context.listAt('events_after').map(textOf), ['m4', 'p5']);
  assert.equal(
    context.listAt('state').some((event) => event['type'] === 'm.room.topic'),
    false,
  );
  assert.deepEqual(await world.texts(alice, roomId, `dir=b&limit=1&from=${context.textAt('start')}`), ['m1']);
  assert.deepEqual(await world.texts(alice, roomId, `dir=f&limit=1&from=${context.textAt('end')}`), ['m.room.topic']);
  const lazy = encodeURIComponent('{"lazy_load_members":true}');
  const lean = await world.get(alice, `/rooms/${roomId}/context/${eventId}?limit=0&filter=${lazy}`);
  const members = lean.listAt('state').filter((event) => event['type'] === 'm.room.member');
  assert.deepEqual(
    members.map((event) => event['state_key']),
    [alice.userId],
  );
});

test('the context of an event in another room, of an unknown one and of one that is hidden is not shown', async (t) => {
  const { world, alice, roomId } = await talk(t);
  const [carol] = await world.users('carol');
  const eventId = await world.send(alice, roomId, 'x');
  for (const other of ['!other:hs.test', await world.hs.createRoom(alice)]) {
    const misplaced = await world.get(alice, `/rooms/${other}/context/${eventId}`);
    assert.deepEqual([misplaced.status, misplaced.at('error')], [404, 'No row found (events)']);
  }
  assert.equal((await world.get(alice, `/rooms/${roomId}/context/$nope`)).status, 404);
  const hidden = await world.get(carol, `/rooms/${roomId}/context/${eventId}`);
  assert.deepEqual([hidden.status, hidden.at('errcode')], [403, 'M_FORBIDDEN']);
});

test('members are listed by membership, and as they were at a token', async (t) => {
  const { world, alice, bob, roomId } = await talk(t);
  const [carol] = await world.users('carol');
  const at = (await world.get(alice, '/sync')).textAt('next_batch');
  await world.done(alice, 'POST', `/rooms/${roomId}/invite`, { user_id: carol.userId });
  await world.done(bob, 'POST', `/rooms/${roomId}/leave`);
  const list = async (user: TestUser, query: string): Promise<unknown> =>
    (await world.get(user, `/rooms/${roomId}/members${query}`))
      .listAt('chunk')
      .map((event) => [event['state_key'], Reflect.get(event['content'] as object, 'membership') as unknown]);
  const [join, leave, invite] = [
    [alice.userId, 'join'],
    [bob.userId, 'leave'],
    [carol.userId, 'invite'],
  ];
  assert.deepEqual(await list(alice, ''), [join, leave, invite]);
  assert.deepEqual(await list(alice, '?membership=join'), [join]);
  assert.deepEqual(await list(alice, '?not_membership=join'), [leave, invite]);
  assert.deepEqual(await list(alice, `?at=${at}`), [join, [bob.userId, 'join']]);
  assert.deepEqual(await list(bob, ''), [join, leave, invite], 'as it was when bob left');
  assert.equal((await world.get(carol, `/rooms/${roomId}/members`)).status, 403);
  assert.equal((await world.get(carol, `/rooms/${roomId}/members?at=${at}`)).status, 403);
  const joined = await world.get(alice, `/rooms/${roomId}/joined_members`);
  assert.deepEqual(joined.at('joined'), { [alice.userId]: { display_name: 'alice', avatar_url: null } });
  const gone = await world.get(bob, `/rooms/${roomId}/joined_members`);
  assert.deepEqual([gone.status, gone.at('errcode')], [403, 'M_FORBIDDEN']);
});

test('the event of a time is the nearest in the direction asked for', async (t) => {
  const { world, alice, roomId } = await talk(t);
  const path = `/_matrix/client/v1/rooms/${roomId}/timestamp_to_event`;
  const first = await world.get(alice, `${path}?ts=0`);
  const last = await world.get(alice, `${path}?ts=99999999999999&dir=b`);
  const events = (await world.get(alice, `/rooms/${roomId}/messages?dir=f&limit=100`)).listAt('chunk');
  assert.equal(first.at('event_id'), events[0]?.['event_id']);
  assert.equal(last.at('event_id'), events.at(-1)?.['event_id']);
  const none = await world.get(alice, `${path}?ts=0&dir=b`);
  assert.deepEqual(
    [none.status, none.at('error')],
    [404, 'Unable to find event from 0 in direction Direction.BACKWARDS'],
  );
  assert.equal((await world.get(alice, path)).at('errcode'), 'M_MISSING_PARAM');
});

test('initialSync of a room shows its state and newest messages, to those who left what it was then', async (t) => {
  const { world, alice, bob, roomId } = await talk(t);
  await world.done(bob, 'POST', `/rooms/${roomId}/leave`);
  await world.send(alice, roomId, 'unheard');
  const now = await world.get(alice, `/rooms/${roomId}/initialSync?limit=2`);
  assert.deepEqual(now.listAt('messages', 'chunk').map(textOf), ['m.room.member', 'unheard']);
  assert.equal(now.at('membership'), 'join');
  const then = await world.get(bob, `/rooms/${roomId}/initialSync?limit=2`);
  assert.deepEqual(then.listAt('messages', 'chunk').map(textOf), ['p5', 'm.room.member']);
  assert.equal(then.at('membership'), 'leave');
});
