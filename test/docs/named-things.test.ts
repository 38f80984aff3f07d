import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.js';
import { inProject, projectText } from '../support/project.js';

const documents = ['CONTRIBUTING.md', 'README.md', 'SECURITY.md', 'src/README.md'];

const { scripts } = JSON.parse(projectText('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

interface Named {
  readonly document: string;
  readonly code: string;
}

/** What stands as code in a document: between backticks, and each line of a block of shell commands. */
function namedIn(document: string): readonly Named[] {
  const text = projectText(document);
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replaceAll(/```.*?```/gs, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...inline, ...blocks].map((code) => ({ document, code: code.replace(/\s+#.*$/, '').trim() }));
}

const named = documents.flatMap(namedIn);

/** Whether a path of the project is there; `<name>` stands for any name, a compiled file for its source. */
function isThere(path: string): boolean {
  if (path.includes('<')) return globSync(path.replaceAll(/<[^>]+>/g, '*'), { cwd: inProject('.') }).length > 0;
  return existsSync(inProject(path.replace(/^dist\/(.*)\.js$/, '$1.ts')));
}

function isOfProject(path: string): boolean {
  return /^(?:src|test|docs|bench|samples|bin|\.ci|dist)\/[\w./<>-]*$/.test(path) || /^[A-Z]+\.md$/.test(path);
}

test('every file that the documents for contributors name is there', () => {
  const words = named.flatMap(({ document, code }) => code.split(' ').map((path) => ({ document, path })));
  const paths = words.filter(({ path }) => isOfProject(path));
  assert.ok(paths.length > 40);
  assert.deepEqual(
    paths.filter(({ path }) => !isThere(path)),
    [],
  );
});

/** What is wrong with a command, if it is one. */
function faultOf(command: string): string | undefined {
  if (/^(?:node|python3) /.test(command)) return faultOfScript(command);
  const script = /^npm (?:run )?([\w:]+)/.exec(command)?.[1];
  if (script !== undefined) return Object.hasOwn(scripts, script) ? undefined : `no script ${script}`;
  const name = /^(?:npx )?vesicle ([a-z]+)/.exec(command)?.[1];
  return name === undefined || commands.some((known) => known.name === name) ? undefined : `no command ${name}`;
}

/** The file that is run is there, and knows the options that are given to it. */
function faultOfScript(command: string): string | undefined {
  const [, ...words] = command.split(/\s+/);
  const at = words.findIndex((word) => !word.startsWith('-'));
  const path = words[at] ?? '';
  if (!isThere(path)) return `no file ${path}`;
  const options = words.slice(at + 1).flatMap((word) => /^--([\w-]+)/.exec(word)?.[1] ?? []);
  const text = path.startsWith('dist/') ? '' : projectText(path);
  return options.find((option) => !text.includes(option));
}

test('every command that the documents for contributors name is there', () => {
  const all = named.flatMap(({ document, code }) => code.split(' && ').map((command) => ({ document, command })));
  const known = all.filter(({ command }) =>
    /^(?:npm (?:run|start|test)|node |python3 |npx vesicle|vesicle )/.test(command),
  );
  assert.ok(known.length > 20);
  const faults = known.flatMap(({ document, command }) => {
    const fault = faultOf(command);
    return fault === undefined ? [] : [`${document}: ${command}: ${fault}`];
  });
  assert.deepEqual(faults, []);
});

test('docs/clients.md names the versions of the SDKs that the tests try', () => {
  const rows = new Map(
    [...projectText('docs/clients.md').matchAll(/^\| ([\w-]+) +\| ([\d.]+) /gm)].map(([, name = '', version]) => [
      name,
      version,
    ]),
  );
  for (const name of ['matrix-js-sdk', 'matrix-bot-sdk']) {
    const { version } = JSON.parse(projectText(`node_modules/${name}/package.json`)) as { readonly version: string };
    assert.equal(rows.get(name), version, name);
  }
});
