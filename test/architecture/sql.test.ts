import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { schemas } from '../../src/homeserver/compose/services.js';
import { Database } from '../../src/homeserver/store/database/database.js';
import { projectText } from '../support/project.js';
import { faultsOf } from '../support/row-faults.js';
import { sqlCalls } from '../support/sql-statements.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('the SQL of the homeserver', () => {
  const calls = sqlCalls();

  it('fits the schema, and the types of its rows fit what it returns', async (t) => {
    const file = join(await temporaryFolder(t), 'new.db');
    new Database(file, schemas)[Symbol.dispose]();
    const database = new DatabaseSync(file);
    t.after(() => {
      database.close();
    });
    const statements = calls.flatMap((call) => (call.texts ?? []).map((sql) => ({ call, sql })));
    assert.ok(statements.length > 300, `only ${statements.length} statements were found`);
    const faults = statements.flatMap(({ call, sql }) =>
      faultsOf(call, sql, database).map((fault) => `${call.at}: ${fault}\n  ${sql.replace(/\s+/g, ' ')}`),
    );
    assert.deepEqual([...new Set(faults)], []);
  });

  it('is written out, but for what stands in dynamic-sql.json: a list that only shrinks', () => {
    const dynamic = calls.filter(({ texts }) => texts === undefined);
    const counts: Record<string, number> = {};
    for (const { file } of dynamic) counts[file] = (counts[file] ?? 0) + 1;
    assert.deepEqual(
      counts,
      JSON.parse(projectText('test/architecture/dynamic-sql.json')),
      dynamic.map(({ at }) => at).join('\n'),
    );
  });

  it('stands where the types of its rows are compared: nothing else prepares statements of the homeserver', () => {
    const files = [...new Set(calls.map(({ file }) => file))];
    assert.ok(
      files.every((file) => file.startsWith('src/homeserver/store/')),
      files.join('\n'),
    );
  });
});

test('what does not fit is found', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER, photo BLOB NOT NULL)');
  const property = (name: string, ...kinds: string[]) => ({ name, kinds, isOptional: false });
  const name = property('name', 'string');
  const age = property('age', 'null', 'number');
  const rows = [
    [[name, age], 'SELECT name, age FROM pets', []],
    [[name], 'SELECT * FROM pets', []],
    [[name, property('count', 'number')], 'SELECT name, count(*) AS count, max(age) FROM pets', []],
    [[property('age', 'number')], 'SELECT age FROM pets WHERE age IS NOT NULL', []],
    [[name], 'SELECT name FROM cats', ['no such table: cats']],
    [[name], 'SELECT nam FROM pets', ['no such column: nam']],
    [[name, age], 'SELECT name FROM pets', ['no column "age"']],
    [[name], 'SELECT name, age FROM pets', ['the type lacks the column "age"']],
    [[name], 'SELECT name AS nick FROM pets', ['no column "name"', 'the type lacks the column "nick"']],
    [[property('name', 'number')], 'SELECT name FROM pets', ['"name" is TEXT, the type says number']],
    [[property('photo', 'string')], 'SELECT photo FROM pets', ['"photo" is BLOB, the type says string']],
    [[property('age', 'number')], 'SELECT age FROM pets', ['"age" can be null']],
    [[property('old', 'boolean')], 'SELECT age > 9 AS old FROM pets', ['"old" cannot be a boolean: SQLite has none']],
    [[name], 'DELETE FROM pets', ['it returns no rows']],
    [undefined, 'SELECT 1 FROM pets', []],
    [undefined, 'SELECT name FROM pets', ['its rows have no type']],
  ] as const;
  for (const [row, sql, faults] of rows) assert.deepEqual(faultsOf({ method: 'all', row }, sql, database), faults, sql);
  const ignored = faultsOf({ method: 'run', row: undefined }, 'SELECT name FROM pets', database);
  assert.deepEqual(ignored, ['its rows are not read: it returns some']);
  database.close();
});
