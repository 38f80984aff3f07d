// Runs everything that `npm test` runs once the project is built and linted: the compiled tests, then the conformance
// cases on the embedded homeserver and on a real Synapse, then shows the coverage of src/. The last line is the sum: "N passed, N failed"; too
// little coverage counts as a failure.
//   node test/run.mjs [--no-coverage]
//   node test/run.mjs --only TEXT       test files whose path contains TEXT: no conformance cases, no coverage
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCoverage } from './coverage.mjs';

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
  if (files.length === 0) return { passed: 0, failed: 0 };
  const stream = run({ files, concurrency: availableParallelism(), cwd: root });
  const counts = { passed: 0, failed: 0 };
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return;
    counts.passed = summary.counts.passed + summary.counts.skipped + summary.counts.todo;
    counts.failed = summary.counts.tests - counts.passed;
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
const tests = await runTests();
const cases = { passed: 0, failed: 0 };
for (const host of isWhole ? ['embedded', 'synapse'] : []) {
  const { passed, failed } = await runConformance(host);
  cases.passed += passed;
  cases.failed += failed;
}
const isCovered = coverage === undefined || (await coverage.report());
const failed = tests.failed + cases.failed + (isCovered ? 0 : 1);
process.stdout.write(`\n${tests.passed + cases.passed} passed, ${failed} failed\n`, () => {
  process.exit(failed === 0 ? 0 : 1);
});
