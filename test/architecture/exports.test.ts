import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExportedDocs } from '../support/exported-docs.js';
import { projectText } from '../support/project.js';

interface PackageFile {
  readonly exports: Readonly<Record<string, unknown>>;
}

test('the package has the entries for authors and for tests, and no other', () => {
  const { exports } = JSON.parse(projectText('package.json')) as PackageFile;
  assert.deepEqual(Object.keys(exports), ['.', './testing', './package.json']);
});

for (const entry of ['src/index.ts', 'src/testing/index.ts']) {
  test(`${entry} exports the names that are written down, so that none comes or goes unnoticed`, () => {
    const written = projectText(
      `test/architecture/exports/${entry.split('/').slice(1).join('-').replace('.ts', '.txt')}`,
    );
    const exported = readExportedDocs(entry).map((doc) => doc.name);
    assert.deepEqual(exported.sort(), written.trim().split('\n').sort());
  });
}
