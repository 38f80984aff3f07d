import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SqliteFile } from '../../support/sqlite-file.js';
import { templateProblem } from '../../support/synapse-template.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** What a database holds, by what is wrong with it. */
const rows: readonly (readonly [sql: string, problem: string | undefined])[] = [
  ['SELECT 1', 'no such table: schema_version'],
  ['CREATE TABLE schema_version (version)', 'its schema is at version undefined, not 94'],
  [
    'CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (73); CREATE TABLE background_updates (name)',
    'its schema is at version 73, not 94',
  ],
  [
    'CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (94)',
    'no such table: background_updates',
  ],
  [
    `CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (94);
     CREATE TABLE background_updates (name); INSERT INTO background_updates VALUES ('a'), ('b')`,
    '2 background updates are not done',
  ],
  [
    'CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (94); CREATE TABLE background_updates (name)',
    undefined,
  ],
];

test('a database that Synapse has not completed is not taken for a template', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [index, [sql, problem]] of rows.entries()) {
    const file = join(folder, `${index}.db`);
    using database = new SqliteFile(file);
    database.exec(sql);
    assert.equal(templateProblem(file, 94), problem);
  }
  const broken = join(folder, 'broken.db');
  writeFileSync(broken, 'This is not a database.'.repeat(100));
  assert.equal(templateProblem(broken, 94), 'file is not a database');
});
