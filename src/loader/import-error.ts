import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VesicleError } from '../errors/vesicle-error.js';
import { syntaxFaultOf } from './typescript-transform.js';

/** This package's own files, compiled and (where source maps are on) as written: their frames tell an author nothing. */
const ownRoots = ['../', '../../../src/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/**
 * What a person needs of an error that importing a module ended with: what, where, and what to do about it. `lastFile` is the one
 * that was asked for last.
 */
export function describeImportError(error: unknown, lastFile: string | undefined): string {
  if (!(error instanceof Error)) return `it threw ${typeof error === 'string' ? `"${error}"` : `a ${typeof error}`}.`;
  if (error.name === 'TypeScriptSyntaxError') return error.message;
  const where = locationOf(error);
  if (error instanceof SyntaxError && where === undefined && lastFile !== undefined) {
    // Node knows the place and does not tell it.
    return syntaxFaultOf(lastFile) ?? `${lastFile}: ${error.message}`;
  }
  const location = where === undefined ? '' : `${where}: `;
  if (isOfStandardDecorator(error))
    return location + new VesicleError('DECORATOR_STANDARD', { decorator: 'A decorator' }).message;
  return location + (importFault(error) ?? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}`);
}

/** What is wrong with an import, and what to do about it. */
function importFault(error: Error): string | undefined {
  const missing = /does not provide an export named '([^']+)'/.exec(error.message)?.[1];
  if (missing !== undefined) return `${error.message}. If it is a type, write "import { type ${missing} }".`;
  const bare = /^Cannot find module '([^']+)' imported from/.exec(error.message)?.[1];
  const isFileWithout = bare !== undefined && ['.ts', '.js'].some((extension) => existsSync(bare + extension));
  return isFileWithout ? `${error.message}. Write the file's extension: ".js".` : undefined;
}

/** The first place in the stack of an error that is in a file of the module. */
export function locationOf(error: unknown, isOfModule = isOfAuthor): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  // Node puts the place of an error in linking before the message.
  const before = /^(?:file:\/\/)?(\/[^\n?]*?)(?:\?[^\n:]*)?:(\d+)\n/.exec(stack);
  if (before !== null) return `${before[1] ?? ''}:${before[2] ?? ''}`;
  const frames = stack.split('\n').flatMap((line) => frameOf(line) ?? []);
  const frame = frames.find(({ path }) => isOfModule(path));
  return frame === undefined ? undefined : `${frame.path}:${frame.at}`;
}

function frameOf(line: string): { readonly path: string; readonly at: string } | undefined {
  const frame = /^ +at (?:.* \()?(?:async )?(?:file:\/\/)?(\/[^()?]*?)(?:\?[^():]*)?:(\d+:\d+)\)?$/.exec(line);
  return frame?.[1] === undefined || frame[2] === undefined ? undefined : { path: frame[1], at: frame[2] };
}

function isOfAuthor(path: string): boolean {
  return !path.includes('/node_modules/') && !ownRoots.some((root) => path.startsWith(root));
}

/** Whether a decorator of a library failed that a compiler called the standard way: with a context, and no class. */
function isOfStandardDecorator(error: Error): boolean {
  return (
    error instanceof TypeError &&
    /^ +at (?:.*\.)?(?:__esDecorate|applyDec\w*|_applyDecs\w*|__decorateElement) /m.test(error.stack ?? '')
  );
}
