import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith, runCli } from '../support/vesicle-cli.js';

test('new makes a folder with everything a module needs, and says how to go on', async (t) => {
  const folder = await folderWith(t, {});
  const { code, out, error } = await runCli(t, folder, ['new', 'no-links']);
  assert.equal(error, '');
  assert.equal(code, 0);
  assert.match(out, /^Made no-links\. Now:\n\n {2}cd no-links\n {2}npm install\n {2}npm test\n {2}npm start\n$/);
  const files = ['.gitignore', 'README.md', 'no-links.test.ts', 'no-links.ts', 'package.json', 'tsconfig.json'];
  assert.deepEqual((await readdir(join(folder, 'no-links'))).sort(), [...files, 'vesicle.yaml']);
  assert.match(await readFile(join(folder, 'no-links/no-links.ts'), 'utf8'), /^export class NoLinks \{$/m);
});

for (const [title, args] of [
  ['without a name', ['new']],
  ['with a name that can be no package', ['new', 'No Links']],
  ['with the name of the package that it needs', ['new', 'vesicle']],
  ['with a path', ['new', '../links']],
  ['with two names', ['new', 'a', 'b']],
] as const) {
  test(`new ${title} is a wrong command line`, async (t) => {
    const folder = await folderWith(t, {});
    const { code, out, error } = await runCli(t, folder, args);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(error, /name.*\nSee: vesicle new --help\n$/i);
    assert.deepEqual(await readdir(folder), []);
  });
}

test('new calls a class like no name that its file imports', async (t) => {
  const folder = await folderWith(t, {});
  assert.equal((await runCli(t, folder, ['new', 'callback'])).code, 0);
  assert.match(await readFile(join(folder, 'callback/callback.ts'), 'utf8'), /^export class CallbackModule \{$/m);
  assert.match(await readFile(join(folder, 'callback/callback.test.ts'), 'utf8'), /import \{ CallbackModule \}/);
});

test('new leaves alone what is there already', async (t) => {
  const folder = await folderWith(t, { 'no-links': 'mine' });
  const { code, error } = await runCli(t, folder, ['new', 'no-links']);
  assert.equal(code, 1);
  assert.match(error, /^\[CLI_FILE_UNWRITABLE\] .*no-links.* there is something of that name\./);
  assert.equal(await readFile(join(folder, 'no-links'), 'utf8'), 'mine');
});
