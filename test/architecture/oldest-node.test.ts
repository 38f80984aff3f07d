import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { inProject, projectText } from '../support/project.js';

const run = promisify(execFile);

/** The path of the oldest Node that package.json promises. */
const oldest = process.env['NODE_22_13'];
const options = { skip: oldest === undefined && 'NODE_22_13 names no node' };

test('statements give their values names, or no number: Node 22.13 does not know the values of "?1"', () => {
  const files = readdirSync(inProject('src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const numbered = files.filter((file) =>
    /[\s(]\?(?:\d|\$\{)/.test(projectText(`src/${file}`).replace(/\/\*\*[^]*?\*\//g, '')),
  );
  assert.deepEqual(numbered, []);
});

test('the testing kit tells an older Node, which has no SQLite, what is needed', async () => {
  const script = `
    const builtins = require('node:module');
    const { isBuiltin } = builtins;
    builtins.isBuiltin = (name) => name !== 'node:sqlite' && isBuiltin(name);
    builtins.syncBuiltinESMExports();
    import('vesicle/testing').catch((error) => console.log(error.message));
  `;
  const { stdout } = await run(process.execPath, ['--eval', script], { cwd: inProject('.'), timeout: 60_000 });
  const { node } = process.versions;
  assert.match(stdout, /^\[STORE_NODE_TOO_OLD\] Vesicle needs Node\.js 22\.13 or newer, and this is \S+\. [^\n]+\n$/);
  assert.ok(stdout.includes(node));
});

/** What the oldest Node wrote when it ran this, to the end and without a failure. */
async function runOldest(...args: readonly string[]): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = await run(oldest ?? '', [...args], { cwd: inProject('.'), env, timeout: 120_000 });
  assert.equal(stderr, '');
  return stdout;
}

test('the oldest Node is the one of package.json', options, async () => {
  const { engines } = JSON.parse(projectText('package.json')) as { readonly engines: { readonly node: string } };
  assert.equal(`>=${(await runOldest('--version')).trim().slice(1)}`, `${engines.node}.0`);
});

test('the oldest Node runs a module without a warning', options, async () => {
  const out = await runOldest('bin/vesicle.js', 'check', 'samples/word-filter/config.yaml');
  assert.match(out, /callback {6}spam_checker\.check_event_for_spam/);
});

for (const file of ['samples/word-filter', 'homeserver/rooms-search', 'homeserver/rooms-admin', 'cli/dev']) {
  test(`the oldest Node passes the tests of ${file}`, options, async () => {
    assert.match(await runOldest('--test-reporter=tap', `dist/test/${file}.test.js`), /^# fail 0$/m);
  });
}
