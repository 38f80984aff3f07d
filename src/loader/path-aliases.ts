import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as TsConfig from 'get-tsconfig';

type Matcher = (specifier: string) => readonly string[];

const cache = new Map<string, unknown>();
const matchers = new Map<string, Matcher | undefined>();

/** The file that a TypeScript file imports by an alias of `paths` in its `tsconfig.json`; undefined for everything else. */
export function aliasedFile(specifier: string, parentUrl: string): string | undefined {
  const folder = dirname(fileURLToPath(parentUrl.replace(/\?.*$/, '')));
  if (!matchers.has(folder)) matchers.set(folder, matcherFor(folder));
  for (const path of matchers.get(folder)?.(specifier) ?? []) {
    const found = spellings(path).find(isFile);
    if (found !== undefined) return pathToFileURL(found).href;
  }
  return undefined;
}

/** Loaded with the first import that may be an alias, in the middle of a synchronous hook. */
function matcherFor(folder: string): Matcher | undefined {
  const { createPathsMatcher, getTsconfig } = createRequire(import.meta.url)('get-tsconfig') as typeof TsConfig;
  const tsconfig = getTsconfig(folder, 'tsconfig.json', cache);
  return (tsconfig && createPathsMatcher(tsconfig)) ?? undefined;
}

/** What a path stands for, as for tsc: `./lib/text`, `./lib/text.js` and `./lib/text.ts` may all be `lib/text.ts`. */
function spellings(path: string): readonly string[] {
  return [path.replace(/\.(m?)js$/, '.$1ts'), path, `${path}.ts`, `${path}/index.ts`, `${path}.js`, `${path}/index.js`];
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
