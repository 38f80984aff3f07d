import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The libraries that the package brings a bundle of (bundle.mjs): they are hundreds of files, and a start waits for them. */
const names = ['class-transformer', 'class-validator', 'inversify'] as const;

/**
 * The bundles by the URL of our own copy that each stands for. What somebody has loaded from that copy already stays with it: half
 * of the decorators of a module would be remembered here, half there.
 */
export function findBundledPackages(): ReadonlyMap<string, string> {
  const require = createRequire(import.meta.url);
  const found = new Map<string, string>();
  for (const name of names) {
    const bundle = new URL(`../packages/${name}.js`, import.meta.url);
    if (!existsSync(fileURLToPath(bundle))) continue;
    const own = resolved(require, name);
    if (own !== undefined && require.cache[own] === undefined) found.set(pathToFileURL(own).href, bundle.href);
  }
  return found;
}

/** Undefined for a package that is not installed: nothing is replaced, and whoever needs it takes the bundle. */
function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
