import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { inProject, projectText } from '../support/project.js';

interface Override {
  readonly files: readonly string[];
  readonly rules: Readonly<Record<string, unknown>>;
}

/** The rows of the map in src/README.md: folder to the folders that it may import. */
function mapped(): Map<string, readonly string[]> {
  const rows = projectText('src/README.md').matchAll(/^\| `(\w+)\/`\s*\|[^|]*\|[^|]*\|([^|]*)\|$/gm);
  return new Map(
    [...rows].map(([, folder = '', imports = '']) => {
      const names = imports.split(',').map((name) => name.trim());
      return [folder, names.filter((name) => name !== '-' && name !== '').sort()];
    }),
  );
}

/** The lint rules: folder to the folders that it may import. */
function linted(): Map<string, readonly string[]> {
  const { overrides } = JSON.parse(projectText('.eslintrc.json')) as { readonly overrides: readonly Override[] };
  const folders = overrides.flatMap(({ files, rules }) => {
    const folder = /^src\/(\w+)\/\*\*$/.exec(files[0] ?? '')?.[1];
    const restricted = rules['no-restricted-imports'];
    return folder === undefined || restricted === undefined ? [] : [[folder, allowedBy(restricted)] as const];
  });
  return new Map(folders);
}

function allowedBy(rule: unknown): readonly string[] {
  const [, { patterns }] = rule as [string, { readonly patterns: readonly { readonly group: readonly string[] }[] }];
  const direction = patterns.find(({ group }) => group.includes('../*'))?.group ?? [];
  return direction.flatMap((pattern) => /^!\.\.\/(\w+)$/.exec(pattern)?.[1] ?? []).sort();
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
  const { overrides } = JSON.parse(projectText('.eslintrc.json')) as { readonly overrides: readonly Override[] };
  const everything = overrides.find(({ files }) => files[0] === 'src/**');
  assert.deepEqual(allowedBy(everything?.rules['no-restricted-imports']), []);
});
