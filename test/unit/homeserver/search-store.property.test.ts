import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readSearchTerms } from '../../../src/homeserver/rooms/timeline/search-terms.js';
import { schemas } from '../../../src/homeserver/compose/services.js';
import { Database } from '../../../src/homeserver/store/database/database.js';
import { EventStore } from '../../../src/homeserver/store/event-store.js';
import { compareMarks, type SearchHit, type SearchScope } from '../../../src/homeserver/store/search/search-hits.js';
import { isFound, rankOf } from '../../../src/homeserver/store/search/search-query.js';
import { SearchStore } from '../../../src/homeserver/store/search/search-store.js';
import { searchWords } from '../../../src/homeserver/store/search/search-words.js';
import type { EventId, RoomId, UserId } from '../../../src/matrix/ids.js';

interface Sent {
  readonly room: RoomId;
  readonly kind: 'body' | 'name' | 'topic';
  readonly text: string;
  readonly ts: number;
}

const types = { body: 'm.room.message', name: 'm.room.name', topic: 'm.room.topic' } as const;
const rooms = ['!a:hs.test', '!b:hs.test', '!c:hs.test'] as RoomId[];
const keys = ['content.body', 'content.name', 'content.topic'];
const words = ['rabbit', 'Rabbits', 'fox', 'hole', 'running', 'run', '12345678', 'ÄÖ'];

const sent: fc.Arbitrary<Sent> = fc.record({
  room: fc.constantFrom(...rooms),
  kind: fc.constantFrom('body', 'body', 'body', 'name', 'topic'),
  text: fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((some) => some.join(' ')),
  ts: fc.integer({ min: 0, max: 9 }),
});

const term = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...words, 'unheard') },
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...words, 'unheard', 'run-fox'),
        fc.array(fc.constantFrom(...words, '!'), { maxLength: 3 }).map((some) => `"${some.join(' ')}"`),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .chain((terms) => fc.constantFrom(' ', ' or ', ' -').map((between) => terms.join(between))),
);

const scopes: fc.Arbitrary<SearchScope> = fc.record({
  rooms: fc.subarray(rooms, { minLength: 1 }),
  keys: fc.subarray(keys, { minLength: 1 }),
});

function insert(store: EventStore, { room, kind, text, ts }: Sent, position: number): void {
  store.insert({
    position,
    event_id: `$${String(position)}` as EventId,
    room_id: room,
    type: types[kind],
    state_key: null,
    sender: '@a:hs.test' as UserId,
    origin_server_ts: ts,
    json: JSON.stringify({ content: { [kind]: text } }),
    metadata: null,
    is_hidden: 0,
    redacted_by: null,
    contains_url: 0,
  });
}

/** How often a phrase occurs in words, one occurrence behind the other; undefined for not at all. */
function occurrences(text: readonly string[], phrase: readonly string[]): number | undefined {
  let count = 0;
  for (let at = 0; phrase.length > 0 && at <= text.length - phrase.length;) {
    const isHere = phrase.every((word, index) => text[at + index] === word);
    count += Number(isHere);
    at += isHere ? phrase.length : 1;
  }
  return count === 0 ? undefined : count;
}

/** What is found by looking at every text. */
function lookedThrough(texts: ReadonlyMap<number, Sent>, typed: string, scope: SearchScope): SearchHit[] {
  const { query } = readSearchTerms(typed);
  const counts = [...texts].map(([position, text]) => {
    const read = searchWords(text.text);
    return { position, text, here: query.phrases.map((phrase) => occurrences(read, phrase)) };
  });
  const totals = query.phrases.map((_, index) => counts.reduce((sum, { here }) => sum + (here[index] ?? 0), 0));
  return counts
    .filter(({ text, here }) => {
      return scope.rooms.includes(text.room) && scope.keys.includes(`content.${text.kind}`) && isFound(query, here);
    })
    .map(({ position, text, here }) => {
      const id = `$${String(position)}` as EventId;
      return { event_id: id, position, origin_server_ts: text.ts, rank: rankOf(here, totals) };
    });
}

describe('the index of words', () => {
  it('finds what looking at every text finds, in both orders, also after texts are forgotten', async () => {
    const world = fc.record({
      before: fc.array(sent, { maxLength: 40 }),
      after: fc.array(sent, { maxLength: 40 }),
      forgotten: fc.array(fc.nat(60), { maxLength: 8 }),
      purged: fc.option(fc.constantFrom(...rooms), { nil: undefined }),
      questions: fc.array(
        fc.record({ typed: term, scope: scopes, mark: sent, limit: fc.integer({ min: 1, max: 50 }) }),
        {
          minLength: 5,
          maxLength: 5,
        },
      ),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ before, after, forgotten, purged, questions }) => {
        using database = new Database(':memory:', schemas);
        const events = new EventStore(database);
        const search = new SearchStore(database);
        const texts = new Map<number, Sent>();
        for (const some of [before, after]) {
          for (const event of some) {
            const position = texts.size + 1;
            texts.set(position, event);
            insert(events, event, position);
          }
          await search.catchUp();
        }
        search.forget(forgotten.map((position) => `$${String(position)}`));
        for (const position of forgotten) texts.delete(position);
        if (purged !== undefined) search.purge(purged);
        for (const [position, { room }] of texts) if (room === purged) texts.delete(position);
        for (const { typed, scope, mark, limit } of questions) {
          const expected = lookedThrough(texts, typed, scope);
          const hits = search.find(readSearchTerms(typed).query, scope);
          const newest = expected.toSorted((a, b) => compareMarks(b, a));
          const place = { origin_server_ts: mark.ts, position: 20 };
          const best = expected.toSorted((a, b) => b.rank - a.rank || compareMarks(a, b)).slice(0, limit);
          assert.equal(hits.count, expected.length, typed);
          assert.deepEqual([...hits.newest()].map(plain), newest, typed);
          assert.deepEqual(
            [...hits.newest(place)].map(plain),
            newest.filter((hit) => compareMarks(hit, place) < 0),
            typed,
          );
          assert.deepEqual(hits.best(limit).map(plain), best, typed);
        }
        for (const room of rooms) search.purge(room);
        for (const table of ['event_words', 'search_lanes', 'event_texts', 'search_shelves']) {
          assert.deepEqual(database.all(`SELECT * FROM ${table}`), [], table);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('catches up with any number of texts, while others are answered', async () => {
    using database = new Database(':memory:', schemas);
    const events = new EventStore(database);
    const search = new SearchStore(database);
    const [room] = rooms as [RoomId];
    for (let position = 1; position <= 1500; position++) {
      insert(events, { room, kind: 'body', text: `a rabbit ${String(position)}`, ts: position }, position);
    }
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await Promise.all([search.catchUp(), search.catchUp()]);
    clearInterval(timer);
    const { query } = readSearchTerms('rabbits');
    const hits = search.find(query, { rooms, keys });
    assert.equal(hits.count, 1500);
    assert.deepEqual(
      hits.best(2).map(({ position }) => position),
      [1, 2],
    );
    const newest: number[] = [];
    for (const { position } of hits.newest()) if (newest.push(position) === 70) break;
    assert.deepEqual(
      newest,
      Array.from({ length: 70 }, (_, index) => 1500 - index),
    );
    assert.ok(turns > 0);
  });
});

/** Rows of SQLite have no prototype. */
function plain(hit: SearchHit): SearchHit {
  return { ...hit };
}
