import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
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
