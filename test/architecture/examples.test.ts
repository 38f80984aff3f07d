import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { compileModules, readExportedDocs } from '../support/exported-docs.js';

for (const entry of ['src/index.ts', 'src/testing/index.ts'].filter((file) => existsSync(file))) {
  // What comes from Inversify is documented there.
  const docs = readExportedDocs(entry).filter(({ at }) => !at.includes('inversify'));

  test(`every name that ${entry} exports says what it is and shows how it is used`, () => {
    const silent = docs.filter((doc) => doc.text === '' || doc.examples.length === 0);
    assert.deepEqual(
      silent.map((doc) => `${doc.name} (${doc.at})`),
      [],
    );
  });

  test(`every example of ${entry} compiles against the package`, () => {
    const examples = new Map(
      docs.flatMap((doc, at) => doc.examples.map((code, index) => [`${at}-${doc.name}-${index + 1}`, code] as const)),
    );
    assert.deepEqual(compileModules(examples), []);
  });
}
