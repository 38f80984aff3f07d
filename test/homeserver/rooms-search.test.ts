import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { BackgroundUpdatesConfig } from '../../src/config/homeserver/homeserver-sections.js';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import { makeOlderSearch, tablesOf } from '../support/older-file.js';
import { RoomWorld } from '../support/room-world.js';

const events = ['search_categories', 'room_events'] as const;

interface Library {
  readonly world: RoomWorld;
  readonly alice: TestUser;
  readonly roomId: string;
  readonly search: (wanted: object, query?: string, user?: TestUser) => Promise<TestAnswer>;
}

async function library(t: TestContext, databasePath = ':memory:'): Promise<Library> {
  const world = await RoomWorld.open(t, { config: { databasePath } });
  const [alice] = await world.users('alice');
  const roomId = await world.hs.createRoom(alice, { name: 'Rabbit hole', topic: 'all about rabbits' });
  for (const body of ['The rabbit runs', 'running fast', 'hello world', 'rabbit rabbit rabbit']) {
    await world.send(alice, roomId, body);
  }
  const search = (wanted: object, query = '', user = alice): Promise<TestAnswer> =>
    world.request(user, 'POST', `/search${query}`, { search_categories: { room_events: wanted } });
  return { world, alice, roomId, search };
}

function found(answer: TestAnswer): unknown[] {
  return answer.listAt(...events, 'results').map((result) => {
    const content: unknown = Reflect.get(result['result'] as object, 'content');
    const { body, name, topic } = content as Record<string, unknown>;
    return body ?? name ?? topic;
  });
}

const searches: readonly (readonly [wanted: object, found: readonly string[]])[] = [
  [{ search_term: 'rabbit', keys: ['content.body'], order_by: 'recent' }, ['rabbit rabbit rabbit', 'The rabbit runs']],
  [{ search_term: 'run', keys: ['content.body'], order_by: 'recent' }, ['running fast', 'The rabbit runs']],
  [{ search_term: 'rabbit -runs', keys: ['content.body'] }, ['rabbit rabbit rabbit']],
  [{ search_term: '"hello world"' }, ['hello world']],
  [{ search_term: 'hello or fast', order_by: 'recent' }, ['hello world', 'running fast']],
  [{ search_term: 'rabbits', keys: ['content.name'] }, ['Rabbit hole']],
  [{ search_term: 'rabbit', keys: ['content.topic'] }, ['all about rabbits']],
  [{ search_term: 'rabbit', filter: { types: ['m.room.name'] } }, ['Rabbit hole']],
  [{ search_term: 'rabbit', filter: { limit: 1 } }, ['rabbit rabbit rabbit']],
  [{ search_term: 'nothing of this' }, []],
];

test('words are found in messages, names and topics, whatever their ending', async (t) => {
  const { search } = await library(t);
  for (const [wanted, expected] of searches) {
    assert.deepEqual(found(await search(wanted)), expected, JSON.stringify(wanted));
  }
});

test('what is sent after a search is found by the next one, what was redacted is not', async (t) => {
  const { world, alice, roomId, search } = await library(t);
  assert.deepEqual(found(await search({ search_term: 'late' })), []);
  const eventId = await world.send(alice, roomId, 'a late message');
  assert.deepEqual(found(await search({ search_term: 'late' })), ['a late message']);
  await world.redact(alice, roomId, eventId);
  assert.deepEqual(found(await search({ search_term: 'late' })), []);
});

test('only the rooms that the user is in are searched', async (t) => {
  const { world, alice, roomId, search } = await library(t);
  const [bob] = await world.users('bob');
  const nothing = await search({ search_term: 'rabbit' }, '', bob);
  assert.deepEqual(nothing.at(...events), { results: [], count: 0, highlights: [] });
  await world.done(alice, 'POST', `/rooms/${roomId}/invite`, { user_id: bob.userId });
  await world.join(bob, roomId);
  assert.deepEqual(found(await search({ search_term: 'hello' }, '', bob)), ['hello world']);
});

test('the newest results go on where a page ended, as a whole or for one room', async (t) => {
  const { search, roomId } = await library(t);
  const wanted = {
    search_term: 'rabbit',
    order_by: 'recent',
    filter: { limit: 2 },
    groupings: { group_by: [{ key: 'room_id' }] },
  };
  const first = await search(wanted);
  assert.equal(first.at(...events, 'count'), 4);
  const tokens = [
    first.textAt(...events, 'next_batch'),
    first.textAt(...events, 'groups', 'room_id', roomId, 'next_batch'),
  ];
  for (const token of tokens) {
    const second = await search(wanted, `?next_batch=${encodeURIComponent(token)}`);
    assert.deepEqual(found(second).sort(), ['Rabbit hole', 'all about rabbits']);
  }
});

test('results come with their surroundings, the profiles then and the state now', async (t) => {
  const { search, alice, roomId } = await library(t);
  const answer = await search({
    search_term: 'hello',
    include_state: true,
    event_context: { before_limit: 1, after_limit: 1, include_profile: true },
    groupings: { group_by: [{ key: 'sender' }] },
  });
  const context = [...events, 'results', 0, 'context'];
  const bodyOf = (list: string): unknown => answer.at(...context, list, 0, 'content', 'body');
  assert.deepEqual([bodyOf('events_before'), bodyOf('events_after')], ['running fast', 'rabbit rabbit rabbit']);
  assert.deepEqual(answer.at(...context, 'profile_info'), {
    [alice.userId]: { displayname: 'alice', avatar_url: null },
  });
  assert.ok(answer.listAt(...events, 'state', roomId).length > 5);
  assert.equal(answer.listAt(...events, 'groups', 'sender', alice.userId, 'results').length, 1);
});

test('the rooms that an upgraded room replaced are searched with it', async (t) => {
  const { world, alice, roomId, search } = await library(t);
  const answer = await world.done(alice, 'POST', `/rooms/${roomId}/upgrade`, { new_version: '11' });
  const newRoom = answer.textAt('replacement_room');
  assert.deepEqual(found(await search({ search_term: 'hello', filter: { rooms: [newRoom] } })), ['hello world']);
});

test('a file of the first version is searched as a new one, and gets rid of its index', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-search-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'homeserver.db');
  const { world, alice } = await library(t, file);
  await world.hs.homeserver.close();
  makeOlderSearch(file);
  const backgroundUpdates = Object.assign(new BackgroundUpdatesConfig(), { sleepEnabled: false });
  const again = await RoomWorld.open(t, { config: { databasePath: file, backgroundUpdates } });
  await again.hs.homeserver.idle();
  const body = { search_categories: { room_events: { search_term: 'run', order_by: 'recent' } } };
  assert.deepEqual(found(await again.request(alice, 'POST', '/search', body)), ['running fast', 'The rabbit runs']);
  await again.hs.homeserver.close();
  const tables = tablesOf(file).filter((name) => /^(?:event_(?:search|text|word)|search)/.test(name));
  assert.deepEqual(tables, ['event_search_position', 'event_texts', 'event_words', 'search_lanes', 'search_shelves']);
});

const mistakes: readonly (readonly [body: unknown, error: string])[] = [
  [{}, 'Invalid search query'],
  [{ search_categories: { room_events: {} } }, 'Invalid search query'],
  [{ search_categories: 5 }, 'search_categories must be an object'],
  [{ search_categories: { room_events: { search_term: 5 } } }, 'search_term must be a string'],
  [{ search_categories: { room_events: { search_term: 'x', order_by: 'y' } } }, "Invalid order by: 'y'"],
  [
    { search_categories: { room_events: { search_term: 'x', groupings: { group_by: [{ key: 'type' }] } } } },
    "Invalid group by keys: {'type'}",
  ],
  [{ search_categories: { room_events: { search_term: '-' } } }, 'Invalid search query'],
  [{ search_categories: { room_events: { search_term: 'this AND that' } } }, 'Invalid search query'],
];

test('searches that make no sense are refused', async (t) => {
  const { world, alice, search } = await library(t);
  for (const [body, error] of mistakes) {
    const answer = await world.request(alice, 'POST', '/search', body);
    assert.deepEqual([answer.status, answer.at('error')], [400, error], JSON.stringify(body));
  }
  const batch = await search({ search_term: 'x' }, '?next_batch=zzz');
  assert.deepEqual([batch.status, batch.at('error')], [400, 'Invalid batch']);
});
