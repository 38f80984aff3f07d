import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectText } from '../support/project.js';
import { folderWith, runCli } from '../support/vesicle-cli.js';

const { version } = JSON.parse(projectText('package.json')) as { readonly version: string };

interface Row {
  readonly title: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly out?: RegExp;
  readonly error?: RegExp;
}

const rows: readonly Row[] = [
  { title: 'no arguments show the help', args: [], code: 0, out: /^Usage: vesicle COMMAND/ },
  { title: '--help lists every command', args: ['--help'], code: 0, out: / {2}dev {2}.*\n {2}check {2}/ },
  { title: '--version shows the version', args: ['--version'], code: 0, out: new RegExp(`^${version}\\n$`) },
  { title: '-h is --help', args: ['-h'], code: 0, out: / {2}dev {2}.*\n {2}check {2}/ },
  { title: '-v is --version', args: ['-v'], code: 0, out: new RegExp(`^${version}\\n$`) },
  { title: '-h of a command shows its options', args: ['check', '-h'], code: 0, out: /--directory DIR/ },
  { title: 'a command shows its options', args: ['dev', '--help'], code: 0, out: /--try TEXT/ },
  {
    title: 'a mistyped command is answered with the nearest one',
    args: ['chekc'],
    code: 2,
    error: /^There is no command "chekc"\. Did you mean "check"\?\nSee: vesicle --help\n$/,
  },
  {
    title: 'an unknown option is a wrong command line, which names those there are',
    args: ['dev', '--port', '1'],
    code: 2,
    error: /^"dev" has no option "--port"\. Its options: --.+\.\nSee: vesicle dev --help\n$/,
  },
  { title: 'only one file is taken', args: ['check', 'a', 'b'], code: 2, error: /^Only one file can be named/ },
  { title: 'an unknown log level is refused', args: ['dev', '--log-level', 'all'], code: 2, error: /debug, info/ },
  {
    title: 'the default file that is missing is named with what to do',
    args: ['dev'],
    code: 1,
    error: /^\[CLI_FILE_MISSING\] There is no file vesicle\.yaml\. Write one/,
  },
  { title: 'a missing file is named', args: ['check', 'no/such.yaml'], code: 1, error: /no\/such\.yaml/ },
  { title: 'a folder cannot be read as a file', args: ['check', '.'], code: 1, error: /^\[CLI_FILE_UNREADABLE\]/ },
];

for (const { title, args, code, out, error } of rows) {
  test(title, async (t) => {
    const folder = await folderWith(t, {});
    const finished = await runCli(t, folder, args);
    assert.equal(finished.code, code, finished.error);
    if (out !== undefined) assert.match(finished.out, out);
    if (error !== undefined) assert.match(finished.error, error);
    assert.doesNotMatch(finished.error, /\n\s+at /, 'a mistake is told without a stack');
  });
}

test('a Node that is too old is told in one sentence', async (t) => {
  const folder = await folderWith(t, {
    'old.cjs': "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });",
  });
  const { code, out, error } = await runCli(t, folder, ['dev'], ['--require', './old.cjs']);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(error, /^Vesicle needs Node\.js 22\.13 or newer, and this is 20\.19\.0\. [^\n]*\n$/);
});
