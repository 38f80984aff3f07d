import type { BridgeModules } from './bridge-package.js';

/**
 * Joins the modules of the bridge to one Python file that does the same.
 *
 * A module comes after those that it imports; imports from each other are left out, so that all modules share their names: no
 * two of them may give the same name to different things, import a whole module of the package, or import under another name.
 *
 * @throws Error when they do, or when modules import each other in a circle
 */
export function joinModules(modules: BridgeModules): string {
  const parsed = new Map([...modules].map(([file, text]) => [file.replace(/\.py$/, ''), parseModule(file, text)]));
  const entry = parsed.get('__init__');
  if (entry === undefined) throw new Error('the package of the bridge has no __init__.py');
  const ordered = inOrder(parsed).filter((module) => module !== entry);
  checkNames(ordered);
  const imports = ordered.flatMap((module) => module.imports);
  const sections = ordered.map(({ name, summary, body }) => `# ---- ${name}: ${summary}\n\n${body}`);
  return `${[entry.docstring, 'from __future__ import annotations', joinImports(imports), entry.body, ...sections].join('\n\n')}\n`;
}

interface ParsedModule {
  readonly name: string;
  readonly docstring: string;
  /** The first line of the docstring. */
  readonly summary: string;
  /** Imports of other packages, each with the comments above it. */
  readonly imports: readonly string[];
  /** The modules of the package that it imports. */
  readonly needs: readonly string[];
  readonly body: string;
}

function parseModule(file: string, text: string): ParsedModule {
  const docstring = /^"""(.+?)\.?\n?(?:\n[^]*?)?"""\n/.exec(text);
  if (docstring === null) throw new Error(`${file} does not begin with a docstring`);
  let rest = text.slice(docstring[0].length);
  const imports: string[] = [];
  const needs: string[] = [];
  for (let found = nextImport(rest); found !== null; found = nextImport(rest)) {
    const [statement, , own] = found;
    rest = rest.slice(statement.length);
    if (own === undefined) imports.push(statement.trim());
    else needs.push(ownModule(file, statement, own));
  }
  return {
    name: file.replace(/\.py$/, ''),
    docstring: docstring[0].trim(),
    summary: docstring[1] ?? '',
    imports: imports.filter((statement) => statement !== 'from __future__ import annotations'),
    needs,
    body: rest.trim(),
  };
}

/** An import at the start of a text: all of it, then what stands after `from .`. */
function nextImport(text: string): RegExpExecArray | null {
  return /^(?:\s*(?:#.*\n)*)(?:import .*\n|from (\.(\w*)|[\w.]+) import (?:\([^)]*\)|[^(\n]*)(?:.*)\n)/.exec(text);
}

function ownModule(file: string, statement: string, module: string): string {
  if (module === '' || / as /.test(statement)) {
    throw new Error(
      `${file} imports a module of the package, or under another name, which one file cannot: ${statement.trim()}`,
    );
  }
  return module;
}

function inOrder(modules: ReadonlyMap<string, ParsedModule>): readonly ParsedModule[] {
  const ordered = new Set<ParsedModule>();
  const visit = (name: string, importers: readonly string[]): void => {
    const module = modules.get(name);
    if (module === undefined) throw new Error(`there is no module ${name} in the package of the bridge`);
    if (importers.includes(name)) throw new Error(`modules import each other: ${[...importers, name].join(' > ')}`);
    if (ordered.has(module)) return;
    for (const needed of module.needs) visit(needed, [...importers, name]);
    ordered.add(module);
  };
  for (const name of modules.keys()) visit(name, []);
  return [...ordered];
}

function checkNames(modules: readonly ParsedModule[]): void {
  const definedIn = new Map<string, string>();
  const importedAs = new Map(
    modules.flatMap(({ imports }) => imports.flatMap(importedNames)).map(({ name, source }) => [name, source]),
  );
  for (const { name, imports, body } of modules) {
    for (const imported of imports.flatMap(importedNames)) {
      if (importedAs.get(imported.name) === imported.source) continue;
      throw new Error(`${imported.name} is imported from two packages`);
    }
    for (const defined of definedNames(body)) {
      const other = definedIn.get(defined) ?? importedAs.get(defined);
      if (other !== undefined && other !== name) throw new Error(`${defined} is a name in ${name} and in ${other}`);
      definedIn.set(defined, name);
    }
  }
}

function definedNames(body: string): readonly string[] {
  const definitions = body.matchAll(/^(?:(?:async def|def|class) (\w+)|(\w+)(?:: [^\n]*?)? = |(\w+), (\w+) = )/gm);
  return [...definitions].flatMap((found) =>
    found.slice(1).filter((name) => (name as string | undefined) !== undefined),
  );
}

function importedNames(statement: string): readonly { readonly name: string; readonly source: string }[] {
  const plain = /^import ([\w.]+)/m.exec(statement)?.[1];
  if (plain !== undefined) return [{ name: plain.split('.')[0] ?? plain, source: 'import' }];
  const { source, names } = fromImport(statement);
  return names.map((one) => ({ name: one.split(' as ').at(-1) ?? one, source }));
}

function fromImport(statement: string): { readonly source: string; readonly names: readonly string[] } {
  const [, source = '', names = ''] = /^from ([\w.]+) import \(?([^)#]*)/m.exec(statement) ?? [];
  return {
    source,
    names: names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  };
}

/** Each import once; one with comments stays as it is. */
function joinImports(statements: readonly string[]): string {
  const commented = statements.filter((statement) => statement.includes('#'));
  const plain = statements.filter((statement) => !statement.includes('#'));
  const modules = plain.filter((statement) => statement.startsWith('import '));
  const sources = new Map<string, Set<string>>();
  for (const statement of plain.filter((one) => one.startsWith('from '))) {
    const { source, names } = fromImport(statement);
    sources.set(source, new Set([...(sources.get(source) ?? []), ...names]));
  }
  const merged = [...sources].map(
    ([source, names]) =>
      `from ${source} import (\n${[...names]
        .sort()
        .map((name) => `    ${name},\n`)
        .join('')})`,
  );
  return [...new Set([...modules.sort(), ...merged.sort(), ...commented])].join('\n');
}
