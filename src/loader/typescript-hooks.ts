import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ImportNote, watchedPackage } from './import-graph.js';
import { aliasedFile } from './path-aliases.js';
import { transformTypeScript } from './typescript-transform.js';

/** Where a specifier may be found, in this order. */
export interface Candidate {
  readonly specifier: string;
  readonly parentUrl: string | undefined;
}

/** Starts the specifier of a module that is a package: what follows says which, and for whom. */
const PACKAGE_SCHEME = 'vesicle-module:';

/** The search parameter that makes node load a file anew. */
const GENERATION = 'vesicle-reload';

/** This package's compiled files, which are never loaded twice. */
const ownRoot = new URL('../', import.meta.url).href;

/** What a module file may import although its own folder has no copy: one file is enough for a module. */
const LENT = /^(?:class-validator|reflect-metadata|inversify)(?:\/|$)/;

/** The places to look for what a file imports. */
export function candidatesOf(specifier: string, parentUrl: string | undefined): readonly Candidate[] {
  if (specifier.startsWith(PACKAGE_SCHEME)) {
    const { name, parent } = parsePackageSpecifier(specifier);
    return [{ specifier: name, parentUrl: parent }];
  }
  // Two copies of this package would have two classes ModuleApi, and the container knows one of them.
  if (specifier === 'vesicle') return [{ specifier: new URL('index.js', ownRoot).href, parentUrl }];
  if (specifier === 'vesicle/testing') return [{ specifier: new URL('testing/index.js', ownRoot).href, parentUrl }];
  if (specifier.startsWith('@oxc-project/runtime/')) return [{ specifier, parentUrl: import.meta.url }];
  const itself = { specifier, parentUrl };
  // It remembers its decorators in the copy that they come from, so there had better be one.
  if (specifier === 'class-transformer') return [{ specifier, parentUrl: import.meta.url }, itself];
  if (LENT.test(specifier)) return [itself, ...lentCopies(specifier)];
  const typeScript = typeScriptOf(specifier, parentUrl);
  return typeScript === undefined ? [itself] : [{ specifier: typeScript, parentUrl }, itself];
}

/** Our own copy; and of class-validator, which need not be installed, the bundle that is part of this package. */
function lentCopies(specifier: string): readonly Candidate[] {
  const own = { specifier, parentUrl: import.meta.url };
  return specifier === 'class-validator' ? [own, { ...own, specifier: `#packages/${specifier}` }] : [own];
}

/** In a TypeScript file `./x.js` means `./x.ts`, and aliases of its `tsconfig.json` are known, as for tsc. */
function typeScriptOf(specifier: string, parentUrl: string | undefined): string | undefined {
  if (parentUrl === undefined || !isTypeScript(parentUrl) || specifier.startsWith('node:')) return undefined;
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier)) return aliasedFile(specifier, parentUrl);
  if (!/^\.{1,2}\/.*\.m?js$/.test(specifier)) return undefined;
  const url = new URL(specifier.replace(/js$/, 'ts'), parentUrl);
  return existsSync(fileURLToPath(url)) ? url.href : undefined;
}

/** The URL that a file is loaded under: the files of a module that is loaded anew are loaded anew too, packages are not. */
export function urlToLoad(resolved: string, specifier: string, parentUrl: string | undefined): string {
  const generation = specifier.startsWith(PACKAGE_SCHEME)
    ? parsePackageSpecifier(specifier).generation
    : generationOf(parentUrl ?? '');
  return isModuleFile(resolved) ? withGeneration(resolved, generation) : resolved;
}

/** Who imported the file, as far as both are of a module; who asks for a module itself is known by the specifier. */
export function importNotes(specifier: string, parentUrl: string | undefined, url: string): readonly ImportNote[] {
  if (specifier === watchedPackage) return [[specifier, url]];
  if (!isModuleFile(url)) return [];
  const isEntry = parentUrl === undefined || !isModuleFile(parentUrl);
  return [[isEntry ? specifier : parentUrl, url]];
}

/** A file of the module itself: of no package, nor of this one. */
export function isModuleFile(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(ownRoot);
}

export function withGeneration(url: string, generation: string | null): string {
  if (generation === null) return url;
  const changed = new URL(url);
  changed.searchParams.set(GENERATION, generation);
  return changed.href;
}

function generationOf(url: string): string | null {
  return url.includes(GENERATION) ? new URL(url).searchParams.get(GENERATION) : null;
}

/** The specifier that asks for a package as a file in a folder would. */
export function packageSpecifier(name: string, parent: string, generation: string | null): string {
  return PACKAGE_SCHEME + encodeURIComponent(JSON.stringify({ name, parent, generation }));
}

function parsePackageSpecifier(specifier: string): { name: string; parent: string; generation: string | null } {
  const json = decodeURIComponent(specifier.slice(PACKAGE_SCHEME.length));
  return JSON.parse(json) as { name: string; parent: string; generation: string | null };
}

export function isTypeScript(url: string): boolean {
  return url.startsWith('file:') && /\.m?ts(?:\?|$)/.test(url);
}

/** What node is told about a TypeScript file. */
export interface LoadedSource {
  readonly format: 'module';
  readonly source: string;
  readonly shortCircuit: true;
}

export function loadTypeScript(url: string): LoadedSource {
  const file = url.replace(/\?.*$/, '');
  const source = transformTypeScript(file, readFileSync(fileURLToPath(file), 'utf8'));
  return { format: 'module', source, shortCircuit: true };
}
