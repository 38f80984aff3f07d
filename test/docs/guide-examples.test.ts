import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { checkModules } from '../../src/testing/index.js';
import { compileModules } from '../support/exported-docs.js';
import { projectText } from '../support/project.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** What fragments of docs/testing.md speak of. */
const testPrelude = `
import assert from 'node:assert/strict';
import { NOT_SPAM, type RoomId } from 'vesicle';
import { type Actor, checkModules, startHomeserver, type TestHomeserver } from 'vesicle/testing';
import { Strikes, WordFilter } from './word-filter.example.js';
declare const given: { readonly hs: TestHomeserver; readonly alice: Actor; readonly bob: Actor; readonly room: RoomId };
export const used = [assert, NOT_SPAM, checkModules, startHomeserver, Strikes, WordFilter, given];
`;

const names = ['hs', 'alice', 'bob', 'room'] as const;

/** A block with imports stands for itself; a fragment gets what it does not declare. */
function testOf(block: string): string {
  if (block.includes('import ')) return block.replaceAll("'./word-filter.js'", "'./word-filter.example.js'");
  const free = names.filter(
    (name) => !new RegExp(`const (?:${name}\\b|\\[[^\\]]*\\b${name}\\b[^\\]]*\\] =)`).test(block),
  );
  return `${testPrelude}\nconst { ${free.join(', ')} } = given;\n${block}\nexport {};`;
}

/** A block with imports stands for itself; a fragment is members of a module. */
function moduleOf(block: string): string {
  if (block.includes('import ')) return block;
  return `
import { Cached, Callback, Codes, type JsonValue, Module, ModuleApi, NOT_SPAM, type RoomId, type SpamVerdict, type UserId, WebResource } from 'vesicle';
import { Hono } from 'hono';
class Config { largest = 1; bannedWords: string[] = []; }
export const used = [Cached, Callback, Codes, NOT_SPAM, WebResource, Hono];
export type Used = [JsonValue, RoomId, SpamVerdict, UserId];
@Module({ config: Config })
export class Guard {
  constructor(readonly config: Config, readonly api: ModuleApi) {}
${block}
}`;
}

function blocksOf(file: string): readonly string[] {
  return [...projectText(file).matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block);
}

test('every TypeScript block of the guides compiles against the package', () => {
  const [filter = '', ...tests] = blocksOf('docs/testing.md');
  const modules = ['README.md', 'docs/modules.md'].flatMap((file) =>
    blocksOf(file).map((block, at) => [`${file.replace('/', ' ')} ${String(at + 1)}`, moduleOf(block)] as const),
  );
  assert.ok(tests.length > 10);
  assert.ok(modules.length >= 5);
  const texts = new Map([['word-filter', filter], ...modules]);
  for (const [index, block] of tests.entries()) texts.set(`docs testing.md ${String(index + 2)}`, testOf(block));
  assert.deepEqual(compileModules(texts), []);
});

test('every whole module of docs/modules.md starts', async (t) => {
  const whole = blocksOf('docs/modules.md').filter((block) => block.includes('import '));
  assert.ok(whole.length >= 4);
  const files = Object.fromEntries(whole.map((block, index) => [`module-${String(index + 1)}.ts`, block]));
  const folder = await temporaryFolder(t, files);
  const modules = Object.keys(files).map((file) => path.join(folder, file));
  assert.deepEqual(await checkModules({ modules }), []);
});
