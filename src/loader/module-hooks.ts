import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { findBundledPackages } from './bundled-packages.js';
import { ImportGraph, type ImportNote } from './import-graph.js';
import {
  type Candidate,
  candidatesOf,
  importNotes,
  isTypeScript,
  loadTypeScript,
  urlToLoad,
} from './typescript-hooks.js';

const graph = new ImportGraph();

let isInstalled = false;
let threadNotes: MessagePort | undefined;
let bundles: ReadonlyMap<string, string> = new Map();

/** Teaches node to load TypeScript and to load files anew. */
export function installHooks(): void {
  if (isInstalled) return;
  isInstalled = true;
  process.setSourceMapsEnabled(true);
  const { registerHooks } = nodeModule as Partial<typeof nodeModule>;
  if (registerHooks === undefined) {
    registerThread();
    return;
  }
  bundles = findBundledPackages();
  registerHooks({ resolve, load });
}

/** For Node 22.13 and 22.14, which have only the older way: hooks on a thread, which tells what it resolved. */
function registerThread(): void {
  const { port1, port2 } = new MessageChannel();
  threadNotes = port1;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- these versions have nothing else
  nodeModule.register('./module-hooks-thread.js', import.meta.url, {
    data: { notes: port2 },
    transferList: [port2],
  });
}

/** What has been imported so far. */
export function importGraph(): ImportGraph {
  for (;;) {
    const received = threadNotes && receiveMessageOnPort(threadNotes);
    if (received === undefined) return graph;
    graph.note((received as { readonly message: ImportNote }).message);
  }
}

const resolve: nodeModule.ResolveHookSync = (specifier, context, nextResolve) => {
  let failure: unknown;
  for (const candidate of candidatesOf(specifier, context.parentURL)) {
    try {
      const wanted = isRequire(context) ? required(candidate, context) : candidate.specifier;
      const found = nextResolve(wanted, { ...context, parentURL: candidate.parentUrl });
      const bundle = bundles.get(found.url);
      if (bundle !== undefined) return { url: bundle, format: 'module', shortCircuit: true };
      const url = urlToLoad(found.url, specifier, context.parentURL);
      for (const note of importNotes(specifier, context.parentURL, url)) graph.note(note);
      return { ...found, url };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
};

function isRequire({ conditions }: nodeModule.ResolveHookContext): boolean {
  return conditions.includes('require');
}

/** `require` knows paths, no URLs, and looks for packages from the file that it stands in. */
function required({ specifier, parentUrl }: Candidate, { parentURL }: nodeModule.ResolveHookContext): string {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier);
  return parentUrl === undefined || parentUrl === parentURL
    ? specifier
    : nodeModule.createRequire(parentUrl).resolve(specifier);
}

const load: nodeModule.LoadHookSync = (url, context, nextLoad) =>
  isTypeScript(url) ? loadTypeScript(url) : nextLoad(url, context);
