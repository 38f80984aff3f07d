// Runs everything that `npm test` runs once the project is built and linted: the compiled tests, then the conformance
// cases on the embedded homeserver and on a real Synapse, then shows the coverage of src/. The last line is the sum:
// "N passed, M failed, K skipped"; too little coverage counts as a failure, and so does a file that ends early or has no test. Tests
// that were skipped or are to be done ("todo") are listed with their reasons, and count as failed without one, and with CI in the
// environment also when their reason is not in test/skips.json.
//   node test/run.mjs [--no-coverage]
//   node test/run.mjs --only TEXT       test files whose path contains TEXT: no conformance cases, no coverage
//                                       (no such file: fails)
//   node test/run.mjs --files GLOB      these files as they stand, built or not, and nothing else; --skips FILE in place of test/skips.json
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCoverage } from './coverage.mjs';
import { runFiles, sourceOf } from './run-files.mjs';
import { skipReport } from './skips.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    coverage: { type: 'boolean', default: true },
    only: { type: 'string', default: '' },
    files: { type: 'string' },
    skips: { type: 'string', default: `${root}test/skips.json` },
  },
  allowNegative: true,
});

/** Test files by their sources, so that what an old build left behind is not run. */
function testFiles() {
  if (values.files !== undefined)
    return globSync(values.files)
      .map((file) => resolve(file))
      .sort();
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((source) => !source.startsWith('test/fixtures/') && source.includes(values.only))
    .map((source) => `${root}dist/${source.replace(/\.ts$/, '.js')}`)
    .sort();
}

/** Runs the compiled tests, or those of `--files`. */
async function runTests() {
  const files = testFiles();
  if (files.length === 0) {
    process.stdout.write(`No test file's path contains ${JSON.stringify(values.only)}.\n`);
    return { passed: 0, failed: 1, skips: [], faults: [] };
  }
  return runFiles(files, { cwd: root, nameOf: sourceOf(root), write: (chunk) => process.stdout.write(chunk) });
}

/** Runs the conformance cases on a host in a process of their own; answers with the numbers of its last line. */
async function runConformance(host) {
  const main = `${relative(process.cwd(), root) || '.'}/dist/test/conformance/main.js`;
  const child = spawn(process.execPath, ['--enable-source-maps', main, '--host', host], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  process.stdout.write(`\nConformance cases, host ${host}\n${output}`);
  const last = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  const counts = { passed: Number(last?.[1] ?? 0), failed: Number(last?.[2] ?? 1) };
  return { ...counts, failed: code === 0 ? counts.failed : Math.max(counts.failed, 1) };
}

const isOfProject = values.files === undefined;
const isWhole = isOfProject && values.only === '';
// Commands and samples are tested on what is shipped: a bundle of an earlier build would be something else.
if (isOfProject) await import('../bundle.mjs');
const coverage = isWhole && values.coverage ? await measureCoverage() : undefined;
// Once, and before the first test: test files that do it beside each other would be in each other's way.
if (isOfProject && testFiles().some((file) => file.includes('/test/workers/'))) {
  const { databasePrograms } = await import('../dist/test/support/database-servers.js');
  await databasePrograms();
}
const tests = await runTests();
const cases = { passed: 0, failed: 0 };
for (const host of isWhole ? ['embedded', 'synapse'] : []) {
  const { passed, failed } = await runConformance(host);
  cases.passed += passed;
  cases.failed += failed;
}
const isCovered = coverage === undefined || (await coverage.report());
const known = JSON.parse(readFileSync(values.skips, 'utf8'));
const skipped = skipReport(tests.skips, known, { isStrict: (process.env.CI ?? '') !== '' });
process.stdout.write(tests.faults.map((fault) => `\n${fault}\n`).join('') + skipped.text);
const passed = tests.passed + cases.passed;
const failed = tests.failed + cases.failed + skipped.failed + (isCovered ? 0 : 1);
process.stdout.write(`\n${passed} passed, ${failed} failed, ${tests.skips.length} skipped\n`, () => {
  process.exit(failed === 0 ? 0 : 1);
});
