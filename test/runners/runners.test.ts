import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Inside the project, so that what the package needs is found. */
const place = path.join(root, 'dist/test-projects');

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

async function run(command: string, args: readonly string[], cwd: string): Promise<Finished> {
  const PATH = `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env['PATH'] ?? ''}`;
  // What this test run tells its children would confuse another runner.
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...env } = process.env;
  const child = spawn(command, args, { cwd, env: { ...env, PATH, CI: '1' }, timeout: 120_000 });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output: stripVTControlCharacters(output) };
}

async function expectSuccess(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(command, args, cwd);
  assert.equal(code, 0, output);
  return output;
}

before(async () => {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  await expectSuccess('npm', ['pack', '--ignore-scripts', '--pack-destination', place], root);
});

/** Installs the packed package; what it needs is found in the project around. */
async function install(project: string): Promise<void> {
  const installed = path.join(project, 'node_modules/vesicle');
  mkdirSync(installed, { recursive: true });
  await expectSuccess('sh', ['-c', `tar xzf ../vesicle-*.tgz -C "$0" --strip-components 1`, installed], project);
  // What npm does with a package that has a command.
  chmodSync(path.join(installed, 'bin/vesicle.js'), 0o755);
  mkdirSync(path.join(project, 'node_modules/.bin'));
  symlinkSync('../vesicle/bin/vesicle.js', path.join(project, 'node_modules/.bin/vesicle'));
}

const runners = [
  { name: 'node-test', passed: /pass 4\b/ },
  { name: 'vitest', passed: /Tests +4 passed/ },
  { name: 'jest', passed: /Tests: +4 passed/ },
];

for (const { name, passed } of runners) {
  test(`the packed package and its testing kit work in a project of ${name}`, async () => {
    const project = path.join(place, name);
    cpSync(path.join(root, 'test/fixtures/runners', name), project, { recursive: true });
    await install(project);
    const output = await expectSuccess('npm', ['test'], project);
    assert.match(output, passed);
  });
}

test('what vesicle new makes passes its npm test at once', async () => {
  await expectSuccess(process.execPath, [path.join(root, 'bin/vesicle.js'), 'new', 'no-links'], place);
  const project = path.join(place, 'no-links');
  await install(project);
  const output = await expectSuccess('npm', ['test'], project);
  assert.match(output, /vesicle\.yaml is right\.[^]*callback +spam_checker\.check_event_for_spam[^]*pass 1\b/);
});
