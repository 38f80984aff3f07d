import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { readBridgeModules } from '../../src/synapse/python/bridge-package.js';
import { joinModules } from '../../src/synapse/python/single-file.js';
import { inProject, projectText } from '../support/project.js';
import { countCasts, sourceFiles } from '../support/source-files.js';

const files = sourceFiles('src');
/** Constructs the parts of the homeserver; only `homeserver.ts` may import it. */
const compose = 'src/homeserver/compose/';
/** Lists of exports and of what is constructed: these name many files by their nature. */
const lists = (path: string): boolean => path.startsWith(compose) || path === 'src/index.ts';

/** Casts in 1,000 lines; the figure only falls, until it is 4. */
const castLimit = 4.4;

test('no folder imports, by whatever way, a folder that imports it', () => {
  assert.deepEqual(cycles(folderGraph()), []);
});

test('no folder holds more than 40 files', () => {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 40),
    [],
  );
});

test('no file imports more than 25 others, lists aside', () => {
  const many = files.filter(({ path, imports }) => !lists(path) && new Set(imports).size > 25);
  assert.deepEqual(
    many.map(({ path }) => path),
    [],
  );
});

test('only the homeserver itself imports the place that constructs its parts', () => {
  const importers = files.filter(
    ({ path, imports }) => !path.startsWith(compose) && imports.some((imported) => imported.startsWith(compose)),
  );
  assert.deepEqual(
    importers.map(({ path }) => path),
    ['src/homeserver/homeserver.ts'],
  );
});

test('few casts stand outside functions that parse', () => {
  const lines = files.reduce((sum, { text }) => sum + text.split('\n').length, 0);
  const casts = files.reduce((sum, file) => sum + countCasts(file), 0);
  const each1000 = (1000 * casts) / lines;
  assert.ok(each1000 <= castLimit, `${String(casts)} casts in ${String(lines)} lines: ${each1000.toFixed(2)} in 1,000`);
});

test('a package is imported by what it exports', () => {
  const { dependencies } = JSON.parse(projectText('package.json')) as { dependencies: Record<string, string> };
  const names = Object.keys(dependencies);
  const inside = files.flatMap(({ path, packages }) =>
    packages
      .filter((specifier) => names.some((name) => specifier.startsWith(`${name}/`) && !isExported(name, specifier)))
      .map((specifier) => [path, specifier]),
  );
  assert.deepEqual(inside, []);
});

/** Whether a path inside a package is among its `exports`, which a package without them has none of. */
function isExported(name: string, specifier: string): boolean {
  const { exports } = JSON.parse(projectText(`node_modules/${name}/package.json`)) as { exports?: unknown };
  return typeof exports === 'object' && exports !== null && `.${specifier.slice(name.length)}` in exports;
}

function folderGraph(): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    const folder = dirname(path);
    const targets = graph.get(folder) ?? new Set();
    for (const imported of imports) if (dirname(imported) !== folder) targets.add(dirname(imported));
    graph.set(folder, targets);
  }
  return graph;
}

/** Each cycle once, as the folders in it. */
function cycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reachable = new Map([...graph.keys()].map((folder) => [folder, reachableFrom(graph, folder)]));
  const seen = new Set<string>();
  const found: string[][] = [];
  for (const folder of graph.keys()) {
    if (seen.has(folder) || reachable.get(folder)?.has(folder) !== true) continue;
    const cycle = [...graph.keys()].filter(
      (other) => reachable.get(folder)?.has(other) === true && reachable.get(other)?.has(folder) === true,
    );
    for (const member of cycle) seen.add(member);
    found.push(cycle);
  }
  return found;
}

function reachableFrom(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const target of graph.get(folder) ?? []) {
      if (reached.has(target)) continue;
      reached.add(target);
      open.push(target);
    }
  }
  return reached;
}

test('no Python file of the bridge is longer than 400 lines, or imports one that is not below it', () => {
  const modules = readBridgeModules(inProject('src/synapse/python'));
  const long = [...modules].filter(([, text]) => text.split('\n').length - 1 > 400);
  assert.deepEqual(
    long.map(([file]) => file),
    [],
  );
  // Throws for a circle of imports, and for a name that two files give to different things.
  assert.ok(joinModules(modules).includes('class VesicleBridge'));
});
