import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { packageDescription } from '../support/installation.js';
import { inProject, projectText } from '../support/project.js';

const names = Object.keys(packageDescription().optionalDependencies).join('|');

test('whatever loads an optional package says what to do when it is missing', () => {
  const sources = globSync('src/**/*.ts', { cwd: inProject('.') });
  assert.ok(names !== '' && sources.length > 100);
  const loading = new RegExp(`(?:import|require)\\([^)]*['"](?:${names})\\b`);
  const careful = new RegExp(`loadOptional\\(\\w+, \\(\\) => import\\('(?:${names})'\\)\\)`);
  const atOnce = new RegExp(`^import (?!type )[^;]*['"](?:${names})['"/]`, 'm');
  const careless = sources.filter((source) => {
    const text = projectText(source);
    return atOnce.test(text) || text.split('\n').some((line) => loading.test(line) && !careful.test(line));
  });
  assert.deepEqual(careless, []);
});

test('every optional package is loaded by somebody', () => {
  const sources = globSync('src/**/*.ts', { cwd: inProject('.') })
    .map(projectText)
    .join('\n');
  for (const name of names.split('|')) assert.ok(sources.includes(`import('${name}')`), name);
});

const description = JSON.parse(projectText('package.json')) as {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly types: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
};

test('the package holds every file that package.json names, the bridge and the documents, and no tests', async () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: inProject('.'), maxBuffer: 1e8 });
  const [{ files } = { files: [] }] = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] }[];
  const packed = new Set(files.map(({ path }) => path));
  const named = [description.types, ...Object.values(description.bin), ...Object.values(description.exports)]
    .flatMap((path) => (typeof path === 'string' ? [path] : Object.values(path)))
    .map((path) => path.replace('./', ''));
  const documents = ['README.md', 'CHANGELOG.md', 'LICENSE', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/synapse.md'];
  const wanted = [...named, ...documents, 'dist/bundle/LICENSES.txt', 'src/synapse/python/pyproject.toml'];
  assert.ok(named.length >= 7);
  assert.deepEqual(
    wanted.filter((path) => !packed.has(path)),
    [],
  );
  assert.deepEqual(
    [...packed].filter(
      (path) => /^(?:test|bench|dist\/test|\.ci)\b|\.test\./.test(path) && !path.startsWith('samples/'),
    ),
    [],
  );
});

test('nothing runs where the package is installed', () => {
  const installing = ['preinstall', 'install', 'postinstall', 'prepare'];
  assert.deepEqual(
    Object.keys(description.scripts).filter((name) => installing.includes(name)),
    [],
  );
  const { packages } = JSON.parse(projectText('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly dev?: boolean }>>;
  };
  const running = Object.entries(packages).filter(([, { hasInstallScript, dev }]) => hasInstallScript && dev !== true);
  assert.deepEqual(running, []);
});

/** The packages that files import, by what they write. */
function importedBy(files: readonly string[]): ReadonlySet<string> {
  const pattern =
    /(?:\bfrom|\bimport|\bimport\(|\brequire\(|createRequire\d*\(import\.meta\.url\)\()\s*["']([^"'\n]+)["']/g;
  const specifiers = files.flatMap((file) => [...projectText(file).matchAll(pattern)].map(([, name = '']) => name));
  const outside = specifiers.filter((name) => !isBuiltin(name) && !name.startsWith('vesicle'));
  return new Set(outside.flatMap((name) => /^(?:@[\w-]+\/)?[\w-]+/.exec(name)?.[0] ?? []));
}

const installed = new Set(
  Object.keys({ ...description.dependencies, ...description.optionalDependencies, ...description.peerDependencies }),
);

test('what the package imports is installed with it', () => {
  const files = globSync(['dist/bundle/*.js', 'dist/bundle/{chunks,cli,testing,kernel}/**/*.js'], {
    cwd: inProject('.'),
  });
  const imported = importedBy(files);
  for (const name of ['pino', 'sharp', 'oxc-transform', 'get-tsconfig']) assert.ok(imported.has(name), name);
  assert.deepEqual(
    [...imported].filter((name) => !installed.has(name)),
    [],
  );
});

test('what its types name is installed with it', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path = ''] of projectText(file).matchAll(/(?:from|import\() ?'(\.[^']+)\.js'/g)) {
      visit(join(dirname(file), `${path}.d.ts`));
    }
  };
  visit('dist/src/index.d.ts');
  visit('dist/src/testing/index.d.ts');
  assert.ok(seen.size > 50);
  assert.deepEqual(
    [...importedBy([...seen])].filter((name) => !installed.has(name)),
    [],
  );
});

test('the version is that of package.json wherever it stands', () => {
  const { version } = packageDescription();
  const lock = JSON.parse(projectText('package-lock.json')) as {
    readonly version: string;
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  const bridge = /^BRIDGE_VERSION: Final = "(.*)"$/m.exec(
    projectText('src/synapse/python/vesicle_bridge/link_table.py'),
  )?.[1];
  assert.deepEqual([lock.version, lock.packages['']?.version, bridge], [version, version, version]);
  // The wheel takes the bridge's.
  assert.doesNotMatch(projectText('src/synapse/python/pyproject.toml'), /^version = "/m);
});

test('the changelog has what is not released on top, then dated sections from this version down', () => {
  const [unreleased, ...released] = [...projectText('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.equal(unreleased, 'Unreleased');
  const sections = released.map(
    (title = '') => /^(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$/.exec(title) ?? assert.fail(title),
  );
  assert.equal(sections[0]?.[1], packageDescription().version);
  for (const [, , date = ''] of sections) assert.equal(new Date(date).toISOString().slice(0, 10), date);
  const dates = sections.map(([, , date]) => date);
  assert.deepEqual(dates, [...dates].sort().reverse());
});
