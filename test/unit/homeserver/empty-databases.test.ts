import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database, type Schema } from '../../../src/homeserver/store/database/database.js';

const schemas: readonly Schema[] = [
  {
    name: 'words',
    versions: ['CREATE TABLE words (word TEXT PRIMARY KEY)', 'CREATE TABLE uses (word TEXT REFERENCES words)'],
  },
];

test('databases in memory start empty, with all tables, however many there were before', () => {
  for (let count = 0; count < 5; count++) {
    using database = new Database(':memory:', schemas);
    assert.deepEqual(database.all('SELECT * FROM words'), []);
    database.run('INSERT INTO words VALUES (?)', `word ${String(count)}`);
    assert.deepEqual({ ...database.get('SELECT * FROM words') }, { word: `word ${String(count)}` });
    assert.deepEqual({ ...database.get('SELECT * FROM schema_versions') }, { name: 'words', version: 2 });
    assert.throws(() => database.run('INSERT INTO uses VALUES (?)', 'none'), /FOREIGN KEY/);
  }
});

test('databases of other tables do not mix', () => {
  const others: readonly Schema[] = [{ name: 'names', versions: ['CREATE TABLE names (name TEXT)'] }];
  for (const each of [schemas, others, schemas, others, schemas, others]) {
    using database = new Database(':memory:', each);
    const table = each === schemas ? 'words' : 'names';
    assert.deepEqual(database.all(`SELECT * FROM ${table}`), []);
    assert.throws(() => database.all(`SELECT * FROM ${table === 'words' ? 'names' : 'words'}`), /no such table/);
  }
});
