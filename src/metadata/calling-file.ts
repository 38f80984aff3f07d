import { fileURLToPath } from 'node:url';

/** Files that stand between the file of an author and a decorator: this package's own, and helpers that compilers bring. */
const ownRoot = new URL('../', import.meta.url).href;
const helpers = /\/node_modules\/(?:tslib|@oxc-project\/runtime|@swc\/helpers|reflect-metadata)\//;

/** The path of the file in which the running decorator stands; undefined when it stands in none. */
export function callingFile(): string | undefined {
  for (const url of filesOfStack()) {
    if (url.startsWith('node:') || url.startsWith(ownRoot) || helpers.test(url)) continue;
    if (url.startsWith('/')) return url;
    return url.startsWith('file:') ? fileURLToPath(url.replace(/\?.*$/, '')) : undefined;
  }
  return undefined;
}

function filesOfStack(): readonly string[] {
  const { stackTraceLimit } = Error;
  const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  try {
    Error.stackTraceLimit = 20;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? '');
    const stack: unknown = new Error().stack;
    return Array.isArray(stack) ? (stack as string[]) : [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepare === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Object.defineProperty(Error, 'prepareStackTrace', prepare);
  }
}
