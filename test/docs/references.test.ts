import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { generateReferences } from './references.js';

test('the generated documents are those of the tables in src (npm run docs makes them anew)', async () => {
  for (const [file, text] of await generateReferences()) assert.equal(await readFile(file, 'utf8'), text, file);
});
