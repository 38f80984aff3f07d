import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageMissing } from '../errors/package-missing.js';
import type * as Oxc from 'oxc-transform';

/** A TypeScript file that cannot be turned into JavaScript; the message starts with `file:line:column`. */
class TypeScriptSyntaxError extends SyntaxError {
  override readonly name = 'TypeScriptSyntaxError';
}

let oxc: typeof Oxc | undefined;

/** Loaded with the first TypeScript file, in the middle of a synchronous hook. Its native part may be missing. */
function loadOxc(): typeof Oxc {
  oxc ??= createRequire(import.meta.url)('oxc-transform') as typeof Oxc;
  return oxc;
}

function loadOxcFor(path: string): typeof Oxc {
  try {
    return loadOxc();
  } catch (error) {
    throw packageMissing({ name: 'oxc-transform', use: `Loading ${path} without compiling it with tsc first` }, error);
  }
}

/** JavaScript of TypeScript, as tsc makes it with the options of the README (`verbatimModuleSyntax`, decorator metadata). */
export function transformTypeScript(url: string, text: string): string {
  const path = fileURLToPath(url);
  const { code, map, errors } = loadOxcFor(path).transformSync(path, text, {
    lang: 'ts',
    sourceType: 'module',
    sourcemap: true,
    target: 'es2022',
    typescript: { onlyRemoveTypeImports: true },
    decorator: { legacy: true, emitDecoratorMetadata: true },
  });
  const [error] = errors;
  if (error !== undefined) throw new TypeScriptSyntaxError(describe(error, path, text));
  const sourceMap = { ...map, sources: [pathToFileURL(path).href] };
  const encoded = Buffer.from(JSON.stringify(sourceMap)).toString('base64');
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

/** `file:line:column: what`, for a JavaScript file that does not parse; undefined without the parser, which is optional. */
export function syntaxFaultOf(path: string): string | undefined {
  const text = readFileSync(path, 'utf8');
  const [error] = parserErrors(path, text);
  return error === undefined ? undefined : describe(error, path, text);
}

function parserErrors(path: string, text: string): readonly Oxc.OxcError[] {
  try {
    return loadOxc().transformSync(path, text, { sourceType: 'module' }).errors;
  } catch {
    // Node's own error is told instead: a missing parser must not hide it.
    return [];
  }
}

function describe(error: Oxc.OxcError, path: string, text: string): string {
  // Offsets count bytes of UTF-8.
  const before = Buffer.from(text)
    .subarray(0, error.labels[0]?.start ?? 0)
    .toString();
  const line = before.split('\n').length;
  const column = before.length - before.lastIndexOf('\n');
  return `${path}:${line}:${column}: ${error.message.replace(/\.$/, '')}.`;
}
