import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileModules } from '../support/exported-docs.js';
import { projectText } from '../support/project.js';

/** What fragments of the guide speak of. */
const prelude = `
import assert from 'node:assert/strict';
import { NOT_SPAM, type RoomId } from 'vesicle';
import { type Actor, checkModules, startHomeserver, type TestHomeserver } from 'vesicle/testing';
import { Strikes, WordFilter } from './word-filter.example.js';
declare const given: { readonly hs: TestHomeserver; readonly alice: Actor; readonly bob: Actor; readonly room: RoomId };
export const used = [assert, NOT_SPAM, checkModules, startHomeserver, Strikes, WordFilter, given];
`;

const names = ['hs', 'alice', 'bob', 'room'] as const;

/** A block with imports stands for itself; a fragment gets what it does not declare. */
function moduleOf(block: string): string {
  if (block.includes('import ')) return block.replaceAll("'./word-filter.js'", "'./word-filter.example.js'");
  const free = names.filter(
    (name) => !new RegExp(`const (?:${name}\\b|\\[[^\\]]*\\b${name}\\b[^\\]]*\\] =)`).test(block),
  );
  return `${prelude}\nconst { ${free.join(', ')} } = given;\n${block}\nexport {};`;
}

test('every TypeScript block of docs/testing.md compiles against the package', () => {
  const blocks = [...projectText('docs/testing.md').matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block);
  assert.ok(blocks.length > 10);
  const [filter = '', ...others] = blocks;
  const modules = new Map([['word-filter', filter]]);
  for (const [index, block] of others.entries()) modules.set(`block ${String(index + 2)}`, moduleOf(block));
  assert.deepEqual(compileModules(modules), []);
});
