import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

interface Run {
  readonly output: string;
  readonly lastLine: string;
  readonly code: number | null;
}

interface Row {
  readonly files: string;
  readonly title: string;
  readonly sum: string;
  /** With `CI=true`; the same as elsewhere unless given. */
  readonly sumInCi?: string;
  readonly says?: readonly string[];
}

const rows: readonly Row[] = [
  { files: 'passing', title: 'counts what passes, but not suites', sum: '2 passed, 0 failed, 0 skipped' },
  {
    files: 'failing',
    title: 'counts what fails and what takes too long',
    sum: '1 passed, 2 failed, 0 skipped',
  },
  {
    files: 'skipped',
    title: 'lists what is skipped with its reason; in CI only reasons of the list will do',
    sum: '1 passed, 0 failed, 3 skipped',
    sumInCi: '1 passed, 1 failed, 3 skipped',
    says: [
      '3 skipped:',
      'test/fixtures/runs/skipped.mjs: is skipped: there is no browser',
      'test/fixtures/runs/skipped.mjs: a suite: there is no Python',
      'test/fixtures/runs/skipped.mjs: is skipped while it runs: there is no network',
    ],
  },
  {
    files: 'skipped-without-reason',
    title: 'takes a skip without a reason for a failure',
    sum: '1 passed, 1 failed, 1 skipped',
    says: ['skipped-without-reason.mjs: is skipped: no reason is given (counts as failed)'],
  },
  {
    files: 'todo',
    title: 'takes what is to be done for skipped, whether or not it passes',
    sum: '0 passed, 0 failed, 2 skipped',
    sumInCi: '0 passed, 1 failed, 2 skipped',
    says: ['todo.mjs: passes already: todo: nobody relies on it', 'todo.mjs: does not pass yet: todo: it is hard'],
  },
  { files: 'crashing', title: 'takes a killed process for a failure', sum: '0 passed, 1 failed, 0 skipped' },
  {
    files: 'exiting',
    title: 'takes a process that ends before its first test for a failure, though it ends well',
    sum: '0 passed, 1 failed, 0 skipped',
    says: ['test/fixtures/runs/exiting.mjs: no test of it ran to its end'],
  },
  {
    files: 'exiting-later',
    title: 'takes a process that ends before its last test for a failure, though it ends well',
    sum: '1 passed, 1 failed, 0 skipped',
    says: ['test/fixtures/runs/exiting-later.mjs: its process ended before its tests did'],
  },
  {
    files: 'failing-afterwards',
    title: 'counts what fails after the last test',
    sum: '1 passed, 1 failed, 0 skipped',
  },
  {
    files: 'unreadable',
    title: 'takes a file that cannot be read for a failure',
    sum: '0 passed, 1 failed, 0 skipped',
  },
  {
    files: 'without-tests',
    title: 'takes a file without tests for a failure',
    sum: '0 passed, 1 failed, 0 skipped',
    says: ['test/fixtures/runs/without-tests.mjs: no test of it ran to its end'],
  },
  {
    files: 'empty-suite',
    title: 'takes a suite without tests for no test',
    sum: '0 passed, 1 failed, 0 skipped',
    says: ['test/fixtures/runs/empty-suite.mjs: no test of it ran to its end'],
  },
  {
    files: '{passing,failing,without-tests}',
    title: 'adds up several files',
    sum: '3 passed, 3 failed, 0 skipped',
  },
  { files: 'no-such-file', title: 'takes no file at all for a failure', sum: '0 passed, 1 failed, 0 skipped' },
];

describe('the run of all tests', () => {
  for (const { files, title, sum, sumInCi = sum, says = [] } of rows) {
    it(title, async () => {
      const [elsewhere, inCi] = await Promise.all([run(files, {}), run(files, { CI: 'true' })]);
      assert.equal(elsewhere.lastLine, sum);
      assert.equal(inCi.lastLine, sumInCi);
      for (const { output, lastLine, code } of [elsewhere, inCi]) {
        assert.equal(code, lastLine.includes(' 0 failed') ? 0 : 1);
        for (const line of says) assert.ok(output.includes(line), output);
      }
    });
  }
});

async function run(files: string, settings: NodeJS.ProcessEnv): Promise<Run> {
  const { CI: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const args = ['--files', `test/fixtures/runs/${files}.mjs`, '--skips', 'test/fixtures/runs/skips.json'];
  const child = spawn(process.execPath, ['test/run.mjs', ...args], {
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, code] = await Promise.all([
    text(child.stdout),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { output, lastLine: output.trimEnd().split('\n').at(-1) ?? '', code };
}
