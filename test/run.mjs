// Runs everything that `npm test` runs once the project is built and linted: the compiled tests, then the conformance
// cases on the embedded homeserver. The last line is the sum: "N passed, N failed".
//   node test/run.mjs [--coverage] [--only TEXT]     --only: test files whose path contains TEXT, no conformance cases
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { coverage: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});

/** Test files by their sources, so that what an old build left behind is not run. */
function testFiles() {
  return globSync('test/**/*.test.ts', { cwd: root, exclude: ['test/fixtures/**'] })
    .filter((source) => source.includes(values.only))
    .map((source) => `${root}dist/${source.replace(/\.ts$/, '.js')}`)
    .sort();
}

/** Runs the compiled tests; answers with how many passed and failed. */
async function runTests() {
  const files = testFiles();
  if (files.length === 0) return { passed: 0, failed: 0 };
  const stream = run({
    files,
    concurrency: availableParallelism(),
    cwd: root,
    ...(values.coverage && { coverage: true, coverageIncludeGlobs: ['src/**'] }),
  });
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

/** Runs the conformance cases in a process of their own; answers with the numbers of its last line. */
async function runConformance() {
  const main = `${relative(process.cwd(), root) || '.'}/dist/test/conformance/main.js`;
  const child = spawn(process.execPath, ['--enable-source-maps', main, '--host', 'embedded'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  process.stdout.write(`\nConformance cases on the embedded homeserver\n${output}`);
  const last = /(\d+) passed, (\d+) failed\s*$/.exec(output);
  const counts = { passed: Number(last?.[1] ?? 0), failed: Number(last?.[2] ?? 1) };
  return { ...counts, failed: code === 0 ? counts.failed : Math.max(counts.failed, 1) };
}

const tests = await runTests();
const cases = values.only === '' ? await runConformance() : { passed: 0, failed: 0 };
const failed = tests.failed + cases.failed;
process.stdout.write(`\n${tests.passed + cases.passed} passed, ${failed} failed\n`, () => {
  process.exit(failed === 0 ? 0 : 1);
});
