import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EmbeddedHomeserver, type TestAnswer, type TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const client = '/_matrix/client/v3';

class World {
  private constructor(
    readonly hs: EmbeddedHomeserver,
    readonly alice: TestUser,
    readonly bob: TestUser,
  ) {}

  static async open(t: TestContext): Promise<World> {
    const hs = await EmbeddedHomeserver.open(t);
    return new World(hs, await hs.register('alice'), await hs.register('bob'));
  }

  sync(user: TestUser, query: Readonly<Record<string, string>> = {}): Promise<TestAnswer> {
    return this.hs.request(user, 'GET', `${client}/sync?${new URLSearchParams(query).toString()}`);
  }

  async send(user: TestUser, roomId: string, body: string): Promise<string> {
    const path = `${client}/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${body}`;
    return (await this.hs.request(user, 'PUT', path, { msgtype: 'm.text', body })).textAt('event_id');
  }

  post(user: TestUser, roomId: string, what: string, body: unknown = {}): Promise<TestAnswer> {
    return this.hs.request(user, 'POST', `${client}/rooms/${encodeURIComponent(roomId)}/${what}`, body);
  }

  /** A room that both are in. */
  async shareRoom(): Promise<string> {
    const roomId = await this.hs.createRoom(this.alice, { preset: 'public_chat', name: 'Both' });
    await this.post(this.bob, roomId, 'join');
    return roomId;
  }
}

function typesIn(answer: TestAnswer, ...path: string[]): unknown[] {
  return answer.listAt(...path).map((event) => event['type']);
}

function bodiesIn(answer: TestAnswer, roomId: string): unknown[] {
  return answer
    .listAt('rooms', 'join', roomId, 'timeline', 'events')
    .filter((event) => event['type'] === 'm.room.message')
    .map((event) => Reflect.get(event['content'] as object, 'body') as unknown);
}

test('a first sync shows rooms, invites, push rules and key counts', async (t) => {
  const world = await World.open(t);
  const roomId = await world.hs.createRoom(world.alice, { name: 'Mine', invite: [world.bob.userId] });
  const mine = await world.sync(world.alice);
  assert.equal(mine.at('rooms', 'join', roomId, 'timeline', 'limited'), false);
  assert.ok(typesIn(mine, 'rooms', 'join', roomId, 'timeline', 'events').includes('m.room.name'));
  assert.deepEqual(mine.listAt('rooms', 'join', roomId, 'state', 'events'), []);
  assert.deepEqual(typesIn(mine, 'account_data', 'events'), ['m.push_rules']);
  assert.deepEqual(mine.at('device_one_time_keys_count'), { signed_curve25519: 0 });
  const his = await world.sync(world.bob);
  assert.deepEqual(typesIn(his, 'rooms', 'invite', roomId, 'invite_state', 'events').sort(), [
    'm.room.create',
    'm.room.join_rules',
    'm.room.member',
    'm.room.member',
    'm.room.name',
  ]);
});

test('a later sync shows what happened since, and the transaction ID to the device that sent it', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const [mine, his] = [await world.sync(world.alice), await world.sync(world.bob)];
  await world.send(world.alice, roomId, 'one');
  const next = await world.sync(world.alice, { since: mine.textAt('next_batch') });
  assert.deepEqual(bodiesIn(next, roomId), ['one']);
  assert.equal(next.at('rooms', 'join', roomId, 'timeline', 'events', 0, 'unsigned', 'transaction_id'), 'one');
  assert.equal(next.at('rooms', 'join', roomId, 'timeline', 'events', 0, 'room_id'), undefined);
  const other = await world.sync(world.bob, { since: his.textAt('next_batch') });
  assert.deepEqual(bodiesIn(other, roomId), ['one']);
  assert.equal(other.at('rooms', 'join', roomId, 'timeline', 'events', 0, 'unsigned', 'transaction_id'), undefined);
  const nothing = await world.sync(world.alice, { since: next.textAt('next_batch') });
  assert.deepEqual(Object.keys(nothing.body as object).sort(), [
    'device_one_time_keys_count',
    'device_unused_fallback_key_types',
    'next_batch',
  ]);
});

test('a long poll ends with the next event, and not with what happens elsewhere', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const filter = JSON.stringify({ presence: { types: [] } });
  const since = (await world.sync(world.alice)).textAt('next_batch');
  const poll = world.sync(world.alice, { since, filter, timeout: '30000' });
  const elsewhere = await world.hs.createRoom(world.bob);
  await world.send(world.bob, elsewhere, 'elsewhere');
  await world.send(world.bob, roomId, 'here');
  assert.deepEqual(bodiesIn(await poll, roomId), ['here']);
});

test('a long poll ends without news when its time is over', async (t) => {
  const world = await World.open(t);
  const since = (await world.sync(world.alice)).textAt('next_batch');
  const answer = await world.sync(world.alice, { since, timeout: '30', set_presence: 'offline' });
  assert.equal(answer.status, 200);
  assert.equal(answer.at('rooms'), undefined);
});

test('a gap is said to be one, and the state that changed in it is shown', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const since = (await world.sync(world.bob)).textAt('next_batch');
  await world.hs.request(world.alice, 'PUT', `${client}/rooms/${encodeURIComponent(roomId)}/state/m.room.topic/`, {
    topic: 'new',
  });
  for (const body of ['a', 'b', 'c', 'd']) await world.send(world.alice, roomId, body);
  const filter = JSON.stringify({ room: { timeline: { limit: 2 } } });
  const answer = await world.sync(world.bob, { since, filter });
  assert.deepEqual(bodiesIn(answer, roomId), ['c', 'd']);
  assert.equal(answer.at('rooms', 'join', roomId, 'timeline', 'limited'), true);
  assert.deepEqual(typesIn(answer, 'rooms', 'join', roomId, 'state', 'events'), ['m.room.topic']);
  const from = answer.textAt('rooms', 'join', roomId, 'timeline', 'prev_batch');
  const older = await world.hs.request(
    world.bob,
    'GET',
    `${client}/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=2&from=${from}`,
  );
  assert.deepEqual(
    older.listAt('chunk').map((event) => Reflect.get(event['content'] as object, 'body') as unknown),
    ['b', 'a'],
  );
});

test('where a timeline begins, other endpoints can be asked about', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
  const next = (await world.get(bob, '/sync')).textAt('next_batch');
  await world.join(bob, roomId);
  for (const body of ['one', 'two', 'three']) await world.send(alice, roomId, body);
  const rest = await eventsBefore(alice, 30);
  assert.deepEqual(rest.members, [alice.userId, bob.userId]);
  assert.equal(rest.count, 9, 'a timeline that holds the whole room ends where it is read from');
  for (const limit of [1, 2, 3, 4, 5, 7]) {
    const { members, count } = await eventsBefore(alice, limit);
    assert.deepEqual(members, limit < 4 ? [alice.userId, bob.userId] : [alice.userId]);
    assert.equal(count, 9 - limit);
  }
  // Who has just joined a room reads on from where it became news.
  const joined = await eventsBefore(bob, 30, `&since=${next}`);
  assert.equal(joined.count, 5);

  async function eventsBefore(user: TestUser, limit: number, more = '') {
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }));
    const sync = await world.get(user, `/sync?filter=${filter}${more}`);
    const from = sync.textAt('rooms', 'join', roomId, 'timeline', 'prev_batch');
    const members = await world.get(alice, `/rooms/${roomId}/members?at=${from}&membership=join`);
    assert.equal(members.status, 200, members.text);
    const page = await world.get(user, `/rooms/${roomId}/messages?dir=b&limit=10&from=${from}`);
    const ids = members.listAt('chunk').map((event) => String(event['state_key']));
    return { members: ids.sort(), count: page.listAt('chunk').length };
  }
});

test('filters choose rooms, types and senders, inline and stored', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const other = await world.hs.createRoom(world.alice);
  await world.send(world.alice, roomId, 'mine');
  await world.send(world.bob, roomId, 'his');
  const filter = {
    room: { rooms: [roomId], timeline: { types: ['m.room.mess*'], senders: [world.bob.userId] }, state: { types: [] } },
    account_data: { not_types: ['*'] },
    presence: { types: [] },
  };
  const inline = await world.sync(world.alice, { filter: JSON.stringify(filter) });
  assert.deepEqual(bodiesIn(inline, roomId), ['his']);
  assert.deepEqual(Object.keys(inline.at('rooms', 'join') as object), [roomId]);
  assert.equal(inline.at('rooms', 'join', other), undefined);
  assert.deepEqual([inline.at('presence'), inline.at('account_data')], [undefined, undefined]);
  const path = `${client}/user/${encodeURIComponent(world.alice.userId)}/filter`;
  const id = (await world.hs.request(world.alice, 'POST', path, filter)).textAt('filter_id');
  assert.deepEqual(bodiesIn(await world.sync(world.alice, { filter: id }), roomId), ['his']);
});

test('event_fields leaves only those members, event_format federation shows the whole event', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  await world.send(world.alice, roomId, 'x');
  const timeline = { types: ['m.room.message'] };
  const fields = JSON.stringify({ room: { timeline }, event_fields: ['content.body', 'type'] });
  const short = await world.sync(world.bob, { filter: fields });
  assert.deepEqual(short.at('rooms', 'join', roomId, 'timeline', 'events', 0), {
    content: { body: 'x' },
    type: 'm.room.message',
  });
  const raw = await world.sync(world.bob, {
    filter: JSON.stringify({ room: { timeline }, event_format: 'federation' }),
  });
  assert.ok(Array.isArray(raw.at('rooms', 'join', roomId, 'timeline', 'events', 0, 'auth_events')));
});

test('members are loaded lazily, each once, with a summary of the room', async (t) => {
  const world = await World.open(t);
  const roomId = await world.hs.createRoom(world.alice, { preset: 'public_chat' });
  await world.post(world.bob, roomId, 'join');
  await world.send(world.bob, roomId, 'x');
  const filter = JSON.stringify({ room: { timeline: { limit: 1 }, state: { lazy_load_members: true } } });
  const first = await world.sync(world.alice, { filter });
  const membersOf = (answer: TestAnswer): unknown[] =>
    answer
      .listAt('rooms', 'join', roomId, 'state', 'events')
      .filter((event) => event['type'] === 'm.room.member')
      .map((event) => event['state_key']);
  assert.deepEqual(membersOf(first).sort(), [world.alice.userId, world.bob.userId]);
  assert.deepEqual(first.at('rooms', 'join', roomId, 'summary'), {
    'm.joined_member_count': 2,
    'm.invited_member_count': 0,
    'm.heroes': [world.bob.userId],
  });
  await world.send(world.bob, roomId, 'y');
  const next = await world.sync(world.alice, { filter, since: first.textAt('next_batch') });
  assert.deepEqual(membersOf(next), []);
});

test('a device that begins to load members lazily in the middle is sent who speaks, as after a restart', async (t) => {
  const world = await World.open(t);
  const roomId = await world.hs.createRoom(world.alice, { preset: 'public_chat' });
  await world.post(world.bob, roomId, 'join');
  const whole = await world.sync(world.alice);
  await world.send(world.bob, roomId, 'x');
  const filter = JSON.stringify({ room: { state: { lazy_load_members: true } } });
  const lazy = await world.sync(world.alice, { filter, since: whole.textAt('next_batch') });
  const members = lazy.listAt('rooms', 'join', roomId, 'state', 'events').map((event) => event['state_key']);
  assert.deepEqual(members, [world.bob.userId]);
});

test('who is put out of a room sees how, who left by themselves only with include_leave', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const left = await world.shareRoom();
  const since = (await world.sync(world.bob)).textAt('next_batch');
  await world.post(world.alice, roomId, 'kick', { user_id: world.bob.userId, reason: 'out' });
  await world.post(world.bob, left, 'leave');
  await world.send(world.alice, roomId, 'unseen');
  const answer = await world.sync(world.bob, { since });
  assert.deepEqual(Object.keys(answer.at('rooms', 'leave') as object).sort(), [left, roomId].sort());
  assert.deepEqual(typesIn(answer, 'rooms', 'leave', roomId, 'timeline', 'events'), ['m.room.member']);
  const first = await world.sync(world.bob);
  assert.deepEqual(Object.keys(first.at('rooms', 'leave') as object), [roomId]);
  const all = await world.sync(world.bob, { filter: JSON.stringify({ room: { include_leave: true } }) });
  assert.equal(Object.keys(all.at('rooms', 'leave') as object).length, 2);
});

test('full_state shows the whole state of every room, since when ever', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const since = (await world.sync(world.alice)).textAt('next_batch');
  const answer = await world.sync(world.alice, { since, full_state: 'true' });
  assert.ok(typesIn(answer, 'rooms', 'join', roomId, 'state', 'events').includes('m.room.power_levels'));
});

test('typing, receipts and account data reach those who may see them', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const eventId = await world.send(world.alice, roomId, 'x');
  const [mine, his] = [await world.sync(world.alice), await world.sync(world.bob)];
  const inRoom = `${client}/rooms/${encodeURIComponent(roomId)}`;
  await world.hs.request(world.bob, 'PUT', `${inRoom}/typing/${encodeURIComponent(world.bob.userId)}`, {
    typing: true,
    timeout: 5000,
  });
  await world.post(world.bob, roomId, `receipt/m.read.private/${encodeURIComponent(eventId)}`);
  await world.post(world.bob, roomId, 'read_markers', { 'm.fully_read': eventId });
  const seen = await world.sync(world.alice, { since: mine.textAt('next_batch') });
  assert.deepEqual(seen.at('rooms', 'join', roomId, 'ephemeral', 'events'), [
    { type: 'm.typing', content: { user_ids: [world.bob.userId] } },
  ]);
  const own = await world.sync(world.bob, { since: his.textAt('next_batch') });
  assert.deepEqual(typesIn(own, 'rooms', 'join', roomId, 'ephemeral', 'events'), ['m.typing', 'm.receipt']);
  assert.deepEqual(own.at('rooms', 'join', roomId, 'account_data', 'events'), [
    { type: 'm.fully_read', content: { event_id: eventId } },
  ]);
  await world.post(world.bob, roomId, `receipt/m.read/${encodeURIComponent(eventId)}`);
  const read = await world.sync(world.alice, { since: seen.textAt('next_batch') });
  const receipt = read.at('rooms', 'join', roomId, 'ephemeral', 'events', 0, 'content', eventId, 'm.read');
  assert.deepEqual(Object.keys(receipt as object), [world.bob.userId]);
});

test('typing ends when the user leaves, and only one’s own can be set', async (t) => {
  const world = await World.open(t);
  const roomId = await world.shareRoom();
  const path = `${client}/rooms/${encodeURIComponent(roomId)}/typing/${encodeURIComponent(world.bob.userId)}`;
  const refused = await world.hs.request(world.alice, 'PUT', path, { typing: true });
  assert.deepEqual([refused.status, refused.at('error')], [400, "Cannot set another user's typing state"]);
  await world.hs.request(world.bob, 'PUT', path, { typing: true });
  const since = (await world.sync(world.alice)).textAt('next_batch');
  await world.post(world.bob, roomId, 'leave');
  const answer = await world.sync(world.alice, { since });
  assert.deepEqual(answer.at('rooms', 'join', roomId, 'ephemeral', 'events'), [
    { type: 'm.typing', content: { user_ids: [] } },
  ]);
  const gone = await world.hs.request(world.bob, 'PUT', path, { typing: true });
  assert.equal(gone.status, 403);
});

test('presence of those who share a room comes with sync', async (t) => {
  const world = await World.open(t);
  const carol = await world.hs.register('carol');
  await world.shareRoom();
  const since = (await world.sync(world.alice)).textAt('next_batch');
  const path = `${client}/presence/${encodeURIComponent(world.bob.userId)}/status`;
  await world.hs.request(world.bob, 'PUT', path, { presence: 'unavailable', status_msg: 'away' });
  const answer = await world.sync(world.alice, { since });
  const [event] = answer.listAt('presence', 'events').filter((each) => each['sender'] === world.bob.userId);
  const { last_active_ago: _ago, ...content } = event?.['content'] as Record<string, unknown>;
  assert.deepEqual(content, { presence: 'unavailable', status_msg: 'away' });
  const seen = await world.hs.request(world.alice, 'GET', path);
  assert.equal(seen.at('presence'), 'unavailable');
  const hidden = await world.hs.request(carol, 'GET', path);
  assert.deepEqual([hidden.status, hidden.at('error')], [403, 'You are not allowed to see their presence.']);
});

test('wrong parameters are refused as Synapse does', async (t) => {
  const world = await World.open(t);
  for (const [query, errcode, error] of [
    [{ since: 'x' }, 'M_UNKNOWN', 'Invalid stream token'],
    [{ from: 's1' }, 'M_UNKNOWN', "'from' is not a valid query parameter. Did you mean 'since'?"],
    [{ timeout: 'x' }, 'M_INVALID_PARAM', 'Query parameter timeout must be an integer'],
    [{ timeout: '-1' }, 'M_INVALID_PARAM', 'Query parameter timeout must be a positive integer.'],
    [{ full_state: '1' }, 'M_INVALID_PARAM', "Boolean query parameter 'full_state' must be one of ['true', 'false']"],
    [
      { set_presence: 'x' },
      'M_INVALID_PARAM',
      "Query parameter 'set_presence' must be one of ['offline', 'online', 'unavailable']",
    ],
    [{ filter: '77' }, 'M_INVALID_PARAM', 'No such filter'],
    [{ filter: 'x' }, 'M_INVALID_PARAM', 'Invalid filter ID'],
    [{ filter: '{' }, 'M_NOT_JSON', 'Invalid filter JSON'],
  ] as const) {
    const answer = await world.sync(world.alice, query);
    assert.deepEqual([answer.status, answer.at('errcode'), answer.at('error')], [400, errcode, error]);
  }
});

test('a device gets its messages once, also when there are many', async (t) => {
  const world = await World.open(t);
  const { alice, bob, hs } = world;
  const messages = { [bob.userId]: { '*': { n: 0 } } };
  for (let n = 0; n < 130; n++) {
    messages[bob.userId] = { '*': { n } };
    await hs.request(alice, 'PUT', `${client}/sendToDevice/m.test/${n}`, { messages });
  }
  await hs.request(alice, 'PUT', `${client}/sendToDevice/m.test/129`, { messages });
  const numbers = (answer: TestAnswer): unknown[] =>
    answer.listAt('to_device', 'events').map((event) => Reflect.get(event['content'] as object, 'n') as unknown);
  const first = await world.sync(bob);
  const second = await world.sync(bob, { since: first.textAt('next_batch') });
  const third = await world.sync(bob, { since: second.textAt('next_batch') });
  assert.deepEqual(
    [...numbers(first), ...numbers(second)],
    Array.from({ length: 130 }, (_, n) => n),
  );
  assert.equal(numbers(first).length, 100);
  assert.deepEqual(numbers(third), []);
});

test('unread messages are counted by the push rules until they are read', async (t) => {
  const world = await World.open(t);
  const roomId = await world.hs.createRoom(world.alice, { preset: 'public_chat' });
  await world.post(world.bob, roomId, 'join');
  const countsOf = async (): Promise<unknown> =>
    (await world.sync(world.alice)).at('rooms', 'join', roomId, 'unread_notifications');
  assert.deepEqual(await countsOf(), { notification_count: 0, highlight_count: 0 });
  await world.send(world.bob, roomId, 'one');
  const last = await world.send(world.bob, roomId, 'alice,look');
  await world.send(world.alice, roomId, 'mine');
  assert.deepEqual(await countsOf(), { notification_count: 2, highlight_count: 1 });
  await world.send(world.bob, roomId, 'three');
  assert.deepEqual(await countsOf(), { notification_count: 3, highlight_count: 1 });
  await world.post(world.alice, roomId, `receipt/m.read/${encodeURIComponent(last)}`);
  assert.deepEqual(await countsOf(), { notification_count: 1, highlight_count: 0 });
});
