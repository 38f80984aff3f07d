import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schemas } from '../../../src/homeserver/compose/services.js';
import { Database } from '../../../src/homeserver/store/database/database.js';
import { DirectoryStore } from '../../../src/homeserver/store/directory-store.js';
import type { UserId } from '../../../src/matrix/ids.js';

const words = ['a', 'ab', 'abc', 'b', 'ba', 'zoë', 'zo', '名', '名前', '\u{1f984}'];

interface Person {
  readonly words: readonly string[];
  readonly rooms: readonly number[];
  readonly isLocal: boolean;
  readonly isLocked: boolean;
  readonly isClosed: boolean;
}

const person: fc.Arbitrary<Person> = fc.record({
  words: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }),
  rooms: fc.uniqueArray(fc.nat(3)),
  isLocal: fc.boolean(),
  isLocked: fc.boolean(),
  isClosed: fc.boolean(),
});

const question = fc.record({
  words: fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 2 }),
  isForAll: fc.boolean(),
  withRemote: fc.boolean(),
  withLocked: fc.boolean(),
});

const idOf = (index: number): UserId => `@u${String(index)}:hs.test` as UserId;

/** Room 0 is public, the others are not. */
function fill(database: Database, people: readonly Person[]): DirectoryStore {
  const json = JSON.stringify({ content: { join_rule: 'public' } });
  database.run(
    "INSERT INTO events VALUES (1, '$rule', '!0', 'm.room.join_rules', '', '@x:hs.test', 0, ?, NULL, 0, NULL, 0)",
    json,
  );
  database.run("INSERT INTO current_state VALUES ('!0', 'm.room.join_rules', '', '$rule')");
  for (const [index, { rooms, isLocal, isLocked, isClosed }] of people.entries()) {
    const columns = 'INSERT INTO users (name, creation_ts, locked, deactivated) VALUES (?, 0, ?, ?)';
    if (isLocal) database.run(columns, idOf(index), Number(isLocked), Number(isClosed));
    for (const room of rooms) {
      database.run("INSERT INTO memberships VALUES (?, ?, 'join', '$e', ?, 0)", idOf(index), `!${String(room)}`, room);
    }
  }
  const store = new DirectoryStore(database);
  assert.deepEqual(
    new Set(store.stale(1000)),
    new Set(people.flatMap(({ isLocal, rooms }, index) => (isLocal || rooms.length > 0 ? [idOf(index)] : []))),
  );
  const profile = { displayName: null, avatarUrl: null };
  store.update(new Map(people.map((one, index) => [idOf(index), { profile, words: one.words }])));
  assert.deepEqual(store.stale(1), []);
  return store;
}

describe('a search of the user directory', () => {
  it('finds whoever may be known and has all the words, each at the beginning of one', () => {
    fc.assert(
      fc.property(
        fc.array(person, { minLength: 1, maxLength: 12 }),
        fc.array(question, { maxLength: 8 }),
        (people, questions) => {
          using database = new Database(':memory:', schemas);
          const store = fill(database, people);
          const own = people[0]?.rooms ?? [];
          for (const { words: wanted, isForAll, withRemote, withLocked } of questions) {
            const found = store.search({
              requester: idOf(0),
              words: wanted,
              limit: 100,
              isForAll,
              withRemote,
              withLocked,
              preferLocal: false,
            });
            const expected = people.flatMap((one, index) => {
              const hasWords = wanted.every((word) => one.words.some((other) => other.startsWith(word)));
              const isNear = one.rooms.some((room) => room === 0 || (index > 0 && own.includes(room)));
              const isListed = one.isLocal ? !one.isClosed && (withLocked || !one.isLocked) : withRemote;
              return hasWords && isListed && (isForAll ? index > 0 : isNear) ? [idOf(index)] : [];
            });
            assert.deepEqual(found.map((row) => row.user_id).toSorted(), expected.toSorted());
          }
        },
      ),
    );
  });

  it('puts a rare word before a common one, and a whole word before the beginning of one', () => {
    using database = new Database(':memory:', schemas);
    const plain = { rooms: [0], isLocal: true, isLocked: false, isClosed: false };
    const store = fill(database, [
      { ...plain, words: ['searching'] },
      { ...plain, words: ['anna', 'ann'] },
      { ...plain, words: ['anna'] },
      { ...plain, words: ['ann', 'ann'] },
    ]);
    const query = {
      requester: idOf(0),
      limit: 2,
      isForAll: false,
      withRemote: true,
      withLocked: false,
      preferLocal: false,
    };
    assert.deepEqual(
      store.search({ ...query, words: ['ann'] }).map((row) => row.user_id),
      [idOf(3), idOf(1)],
    );
  });

  it('hears of whoever changes, also from statements of modules', () => {
    using database = new Database(':memory:', schemas);
    const store = fill(database, []);
    const id = '@a:hs.test' as UserId;
    const writes = [
      "INSERT INTO users (name, creation_ts) VALUES ('@a:hs.test', 0)",
      "INSERT INTO profiles (user_id, full_user_id, displayname) VALUES ('a', '@a:hs.test', 'A')",
      "INSERT INTO profiles (user_id, full_user_id) VALUES ('a', '@a:hs.test') ON CONFLICT (full_user_id) DO UPDATE SET displayname = 'B'",
      "INSERT OR REPLACE INTO profiles (user_id, full_user_id, displayname) VALUES ('a', '@a:hs.test', 'C')",
      "UPDATE profiles SET displayname = 'D'",
      'DELETE FROM profiles',
      'DELETE FROM users',
      "INSERT INTO memberships VALUES ('@a:hs.test', '!r', 'join', '$e', 1, 0)",
      "UPDATE memberships SET membership = 'leave'",
      'DELETE FROM memberships',
    ];
    for (const sql of writes) {
      // Twice, since the mark may be there already.
      const { changes } = database.run(sql);
      assert.equal(changes, 1, sql);
      assert.deepEqual(store.stale(10), [id], sql);
      if (sql.startsWith('UPDATE')) database.run(sql);
      store.update(new Map([[id, undefined]]));
    }
    assert.deepEqual(store.stale(10), []);
  });
});
