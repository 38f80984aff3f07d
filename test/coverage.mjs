// Coverage of `src/` by everything that a run starts, the servers in processes of their own included: each process leaves
// what it ran in a folder (NODE_V8_COVERAGE, which processes inherit), c8 adds it up. Files that nobody loads count too.
// The lines that are missing, file by file: coverage/lcov.info.
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What must be reached, in percent. */
const leastPercent = 90;

/** Measures the processes that are started from now on. `report` prints the summary and answers whether enough was reached. */
export async function measureCoverage() {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-coverage-'));
  process.env.NODE_V8_COVERAGE = folder;
  const report = async () => {
    delete process.env.NODE_V8_COVERAGE;
    try {
      return await addUp(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  return { report };
}

async function addUp(folder) {
  const options = {
    'temp-directory': folder,
    'reports-dir': join(root, 'coverage'),
    src: 'dist/src',
    lines: String(leastPercent),
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  // The commands run from the bundle; the packages in it are not ours to cover.
  const own = ['dist/src/**/*.js', 'dist/bundle/{index,{chunks,cli,kernel,testing}/*}.js'];
  const lists = [
    ...own.flatMap((files) => ['--include', files]),
    ...leftBehind().flatMap((file) => ['--exclude', file]),
    '--reporter',
    'text-summary',
    '--reporter',
    'lcovonly',
  ];
  const c8 = join(root, 'node_modules/c8/bin/c8.js');
  const child = spawn(process.execPath, [c8, 'report', '--all', '--check-coverage', ...words, ...lists], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  process.stdout.write(`\n${output}`);
  return code === 0;
}

/** What an old build left behind is nobody's to cover. */
function leftBehind() {
  return globSync('dist/src/**/*.js', { cwd: root }).filter(
    (file) => !existsSync(join(root, file.replace(/^dist\//, '').replace(/\.js$/, '.ts'))),
  );
}
