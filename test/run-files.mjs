import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/**
 * Runs test files, each in a process of its own, and writes what `spec` says of them. Returns how many tests passed and failed,
 * what was skipped or is to be done (neither passed nor failed), and which files did not do what a test file does: those count as
 * failed. `nameOf` makes of the path of a file what is shown.
 */
export async function runFiles(files, { cwd, nameOf, write }) {
  const skips = [];
  const states = new Map(files.map((file) => [file, new FileState()]));
  const counts = { passed: 0, failed: 0 };
  const stream = run({ files, concurrency: availableParallelism(), cwd });
  const take = (test) => {
    const { name, file, skip, todo, details } = test;
    const state = states.get(file);
    // A suite says nothing, unless all that is in it is left out.
    if (state !== undefined && (details.type !== 'suite' || isGiven(skip) || isGiven(todo))) state.results++;
    if (isGiven(skip)) skips.push(skipOf(nameOf(file ?? ''), name, skip));
    else if (isGiven(todo)) skips.push(skipOf(nameOf(file ?? ''), name, todo, 'todo: '));
  };
  stream.on('test:pass', (test) => {
    // A process that ends well without having told of any test is told of as one that passed.
    if (isOfFile(test)) counts.passed--;
    else take(test);
  });
  stream.on('test:fail', (test) => {
    const state = isOfFile(test) ? states.get(test.name) : undefined;
    if (state === undefined) take(test);
    else state.hasFailed = true;
  });
  stream.on('test:summary', (summary) => {
    const state = states.get(summary.file);
    if (state !== undefined) {
      state.isAtEnd = true;
      // What helpers of a file define is told of as theirs.
      state.results += summary.counts.tests;
    }
    if (summary.file !== undefined) return;
    counts.passed += summary.counts.passed;
    counts.failed = summary.counts.failed + summary.counts.cancelled;
    if (!summary.success && counts.failed === 0) counts.failed = 1;
  });
  for await (const chunk of stream.compose(spec)) write(chunk);
  const faults = [...states].flatMap(([file, state]) => {
    const fault = state.fault;
    return fault === undefined ? [] : [`${nameOf(file)}: ${fault}`];
  });
  return { passed: counts.passed, failed: counts.failed + faults.length, skips, faults };
}

/** What was heard of one file. */
class FileState {
  results = 0;
  hasFailed = false;
  isAtEnd = false;

  /** What is wrong beyond the tests that failed. */
  get fault() {
    if (this.hasFailed) return undefined;
    if (this.results === 0) return 'no test of it ran to its end (is there one?)';
    return this.isAtEnd ? undefined : 'its process ended before its tests did';
  }
}

/** A result of the process of a file, which is called by its path. */
function isOfFile({ name, nesting, file }) {
  return nesting === 0 && name === file;
}

function isGiven(reason) {
  return reason !== undefined && reason !== false;
}

function skipOf(file, name, reason, prefix = '') {
  return { file, name, reason: typeof reason === 'string' && reason !== '' ? prefix + reason : undefined };
}

/** A compiled test as its source is called: relative to the project. */
export function sourceOf(root) {
  return (file) => relative(root, file).replace(/^dist\/(.*)\.js$/, '$1.ts');
}
