import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { inProject, projectText } from '../support/project.js';

interface Zone {
  readonly target: string | readonly string[];
  readonly from: string | readonly string[];
  readonly except?: readonly string[];
}

interface Lint {
  readonly rules: { readonly 'import-x/no-restricted-paths': readonly ['error', { readonly zones: readonly Zone[] }] };
  readonly overrides: readonly {
    readonly files: readonly string[];
    readonly rules: Readonly<Record<string, unknown>>;
  }[];
}

const lint = JSON.parse(projectText('.eslintrc.json')) as Lint;
const { zones } = lint.rules['import-x/no-restricted-paths'][1];

/** The rows of the map in src/README.md: folder to the folders that it may import. */
function mapped(): Map<string, readonly string[]> {
  const rows = projectText('src/README.md').matchAll(/^\| `([\w-]+(?:\/shared)?)\/`\s*\|[^|]*\|[^|]*\|([^|]*)\|$/gm);
  return new Map(
    [...rows].map(([, folder = '', imports = '']) => {
      const names = imports.split(',').map((name) => name.trim());
      return [folder, names.filter((name) => name !== '-' && name !== '').sort()];
    }),
  );
}

/** The lint rules: folder to the folders that it may import besides itself. */
function linted(): Map<string, readonly string[]> {
  const folders = zones.flatMap(({ target, from, except = [] }) => {
    const folder = /^\.\/src\/(\w[\w-]*(?:\/shared)?)(?:\/\*)?$/.exec(String(target))?.[1];
    if (folder === undefined || from !== './src') return [];
    const allowed = except
      .map((path) => path.slice('./'.length))
      .filter((name) => name !== folder && name !== folder.split('/')[0]);
    return [[folder, allowed.sort()] as const];
  });
  return new Map(folders);
}

test('every folder of src/ is in its map', () => {
  const folders = readdirSync(inProject('src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const known = mapped();
  assert.deepEqual(
    folders.map((entry) => entry.name).filter((name) => !known.has(name)),
    [],
  );
});

for (const [folder, imports] of mapped()) {
  test(`lint lets ${folder}/ import what the map says`, () => {
    assert.deepEqual(linted().get(folder), imports);
  });
}

test('a folder that the map does not name may import no other folder', () => {
  const everything = lint.overrides.find(({ files }) => files[0] === 'src/**');
  assert.deepEqual(everything?.rules['no-restricted-imports'], [
    'error',
    { patterns: [{ group: ['../*'], message: 'This folder has no import rule yet: see src/README.md.' }] },
  ]);
});

test('lint lets a folder of the homeserver import those below it in the list of the map', () => {
  const inHomeserver = (names: readonly string[]): string[] => names.map((name) => `./src/homeserver/${name}`);
  const [, map = ''] = projectText('src/README.md').split('Inside `homeserver/`');
  const layers = [...map.matchAll(/^\| (`[\w-]+\/`(?:, `[\w-]+\/`)*) +\|/gm)].map(([, names = '']) =>
    [...names.matchAll(/[\w-]+/g)].map(([name]) => name),
  );
  const expected = layers.slice(1).map((names, index) => [names, layers.slice(0, index + 1).flat()] as const);
  assert.deepEqual(
    zones
      .filter(({ target }) => [target].flat()[0]?.startsWith('./src/homeserver/') === true)
      .map(({ target, from }) => [[target].flat(), from]),
    expected.map(([names, above]) => [inHomeserver(names), inHomeserver(above)]),
  );
  const folders = readdirSync(inProject('src/homeserver'), { withFileTypes: true });
  assert.deepEqual(
    folders.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])),
    layers.flat().sort(),
  );
});
