// Runs everything that `npm test` runs once the project is built and linted: the compiled tests, then the conformance
// cases on the embedded homeserver and on a real Synapse, then shows the coverage of src/. The last line is the sum: "N passed, N failed"; too
// little coverage counts as a failure. Tests that were skipped count as neither: they are listed with their reasons, and
// with CI in the environment one whose reason is not in test/skips.json counts as failed.
//   node test/run.mjs [--no-coverage]
//   node test/run.mjs --only TEXT       test files whose path contains TEXT: no conformance cases, no coverage
//                                       (no such file: fails)
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCoverage } from './coverage.mjs';
import { skipReport } from './skips.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { coverage: { type: 'boolean', default: true }, only: { type: 'string', default: '' } },
  allowNegative: true,
});

/** Test files by their sources, so that what an old build left behind is not run. */
function testFiles() {
  return globSync('test/**/*.test.ts', { cwd: root })
    .filter((source) => !source.startsWith('test/fixtures/') && source.includes(values.only))
    .map((source) => `${root}dist/${source.replace(/\.ts$/, '.js')}`)
    .sort();
}

/** Runs the compiled tests; answers with how many passed and failed. */
async function runTests() {
  const files = testFiles();
  if (files.length === 0) {
    process.stdout.write(`No test file's path contains ${JSON.stringify(values.only)}.\n`);
    return { passed: 0, failed: 1, skips: [] };
  }
  const skips = [];
  const stream = run({ files, concurrency: availableParallelism(), cwd: root });
  const counts = { passed: 0, failed: 0, skips };
  stream.on('test:pass', ({ name, file, skip, todo }) => {
    const reason = skip ?? todo;
    if (reason === undefined || reason === false) return;
    const source = relative(`${root}dist`, file ?? '').replace(/\.js$/, '.ts');
    skips.push({ file: source, name, reason: typeof reason === 'string' ? reason : 'no reason given' });
  });
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    counts.passed = summary.counts.passed;
    counts.failed = summary.counts.tests - counts.passed - summary.counts.skipped - summary.counts.todo;
    if (!summary.success && counts.failed === 0) counts.failed = 1;
  });
  for await (const chunk of stream.compose(spec)) process.stdout.write(chunk);
  return counts;
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

// Commands and samples are tested on what is shipped: a bundle of an earlier build would be something else.
await import('../bundle.mjs');
const isWhole = values.only === '';
const coverage = isWhole && values.coverage ? await measureCoverage() : undefined;
const { databasePrograms } = await import('../dist/test/support/database-servers.js');
// Once, and before the first test: test files that do it beside each other would be in each other's way.
if (testFiles().some((file) => file.includes('/test/workers/'))) await databasePrograms();
const tests = await runTests();
const cases = { passed: 0, failed: 0 };
for (const host of isWhole ? ['embedded', 'synapse'] : []) {
  const { passed, failed } = await runConformance(host);
  cases.passed += passed;
  cases.failed += failed;
}
const isCovered = coverage === undefined || (await coverage.report());
const known = JSON.parse(readFileSync(new URL('skips.json', import.meta.url), 'utf8'));
const skipped = skipReport(tests.skips, known, { isStrict: (process.env.CI ?? '') !== '' });
process.stdout.write(skipped.text);
const failed = tests.failed + cases.failed + skipped.failed + (isCovered ? 0 : 1);
process.stdout.write(`\n${tests.passed + cases.passed} passed, ${failed} failed\n`, () => {
  process.exit(failed === 0 ? 0 : 1);
});
