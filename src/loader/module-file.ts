import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearestName } from '../errors/nearest-name.js';
import { describeImportError } from './import-error.js';
import type { Namespace } from './module-export.js';
import { importGraph, installHooks } from './module-hooks.js';
import { isModuleFile, packageSpecifier, withGeneration } from './typescript-hooks.js';

/** What was imported, or why not: texts each of which is the cause of the one before. */
export type ImportedModule =
  | { readonly namespace: Namespace; readonly files: readonly string[] }
  | { readonly fault: readonly string[]; readonly error?: unknown };

const { cache: loadedByRequire } = createRequire(import.meta.url);

let generations = 0;

/** Imports the file or package of an entry. `./x`, `../x` and absolute paths are files, everything else is a package. */
export async function importModule(source: string, directory: string, isFresh: boolean): Promise<ImportedModule> {
  installHooks();
  const generation = isFresh ? String(++generations) : null;
  if (isFresh) forgetRequired();
  if (isFile(source)) {
    const path = source.startsWith('file:') ? new URL(source).pathname : resolve(directory, source);
    const fault = fileFault(path, source, directory);
    if (fault !== undefined) return { fault: [fault] };
    return importFrom(withGeneration(pathToFileURL(path).href, generation), source, directory);
  }
  const parent = pathToFileURL(resolve(directory, 'vesicle.yaml')).href;
  return importFrom(packageSpecifier(source, parent, generation), source, directory);
}

/** CommonJS files have no URL that a generation could be put into: Node loads them again once it has forgotten them. */
function forgetRequired(): void {
  for (const path of Object.keys(loadedByRequire)) {
    if (isModuleFile(pathToFileURL(path).href)) Reflect.deleteProperty(loadedByRequire, path);
  }
}

async function importFrom(specifier: string, source: string, directory: string): Promise<ImportedModule> {
  try {
    const namespace = (await import(specifier)) as Namespace;
    return { namespace, files: importGraph().filesFrom(specifier) };
  } catch (error) {
    // Not swallowed: it becomes one of the problems of the configuration, which names the place.
    if (!isFile(source) && isMissingPackage(error, source)) return { fault: [packageFault(source, directory)], error };
    return { fault: [`cannot load ${source}`, describeImportError(error, importGraph().lastFile)], error };
  }
}

function isFile(source: string): boolean {
  return /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|file:|[A-Za-z]:[\\/])/.test(source);
}

function fileFault(path: string, source: string, directory: string): string | undefined {
  if (existsSync(path)) {
    const stats = statSync(path);
    if (stats.isDirectory()) return `${path} is a folder. Name the file in it.`;
    return stats.isFile() ? undefined : `${path} is a device or a pipe. Name a file.`;
  }
  const folder = dirname(path);
  const near = existsSync(folder) ? nearestName(basename(path), readdirSync(folder)) : undefined;
  const remedy =
    near === undefined
      ? `Correct the path: relative ones start at ${directory}.`
      : `Did you mean "${source.slice(0, source.length - basename(source).length)}${near}"?`;
  return `there is no file ${path}. ${remedy}`;
}

function isMissingPackage(error: unknown, source: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'ERR_INVALID_MODULE_SPECIFIER';
  return (
    isMissing &&
    error.message.includes(
      `'${source
        .split('/')
        .slice(0, source.startsWith('@') ? 2 : 1)
        .join('/')}'`,
    )
  );
}

function packageFault(source: string, directory: string): string {
  const missing = `there is no package "${source}" to be found from ${directory}.`;
  if (existsSync(resolve(directory, source))) return `${missing} Write "./${source}" for the file.`;
  if (source.startsWith('vesicle_bridge.')) {
    return `"${source}" looks like a Python module: it is the bridge, which runs in Synapse only. List the modules below its "config:" here instead.`;
  }
  switch (originOf(source)) {
    case 'python':
      return `"${source}" looks like a Python module, which runs in Synapse only. Write "./..." for a TypeScript file, or leave it out here.`;
    case 'either':
      return `${missing} If it is a Python module, leave it out here: those run in Synapse only. If it is a package of npm, install it with "npm install ${source}". Write "./..." for a file.`;
    case 'npm':
      return `${missing} Install it with "npm install ${source}", or write "./..." for a file.`;
  }
}

/**
 * Where a name comes from that has no file and no package. Synapse imports identifiers with dots between them. Names of npm may have
 * dots, too (`socket.io`, `jquery.ui.widget`), but no capitals in a class's place, rarely an underscore, and only ASCII.
 */
function originOf(source: string): 'npm' | 'python' | 'either' {
  const words = source.split('.');
  if (words.length < 2 || !words.every((word) => /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(word))) return 'npm';
  const last = words.at(-1) ?? '';
  if (/^(?:[cm]?[jt]sx?|json|ya?ml)$/.test(last)) return 'npm';
  return /^\p{Lu}/u.test(last) || /[_\P{ASCII}]/u.test(source) || last === 'py' ? 'python' : 'either';
}
