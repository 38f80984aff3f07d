import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { candidatesOf, isModuleFile, isTypeScript, loadTypeScript, urlToLoad } from './typescript-hooks.js';

let isInstalled = false;

/** Files of modules, in the order of loading. */
const loadedFiles: string[] = [];

let threadFiles: MessagePort | undefined;

/** Teaches node to load TypeScript and to load files anew. */
export function installHooks(): void {
  if (isInstalled) return;
  isInstalled = true;
  process.setSourceMapsEnabled(true);
  const { registerHooks } = nodeModule as Partial<typeof nodeModule>;
  if (registerHooks !== undefined) registerHooks({ resolve, load });
  else registerThread();
}

/** For Node 22.13 and 22.14, which have only the older way: hooks on a thread, which tells what it loaded. */
function registerThread(): void {
  const { port1, port2 } = new MessageChannel();
  threadFiles = port1;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- these versions have nothing else
  nodeModule.register('./module-hooks-thread.js', import.meta.url, { data: { files: port2 }, transferList: [port2] });
}

/** Starts to take note of the files that are loaded; the function it returns tells them. */
export function filesLoadedSince(): () => readonly string[] {
  const start = loadedFiles.length;
  return () => {
    let message = threadFiles && receiveMessageOnPort(threadFiles);
    for (; message !== undefined; message = threadFiles && receiveMessageOnPort(threadFiles)) {
      loadedFiles.push((message as { readonly message: string }).message);
    }
    return [...new Set(loadedFiles.slice(start))];
  };
}

const resolve: nodeModule.ResolveHookSync = (specifier, context, nextResolve) => {
  const candidates = candidatesOf(specifier, context.parentURL);
  let failure: unknown;
  for (const candidate of candidates) {
    try {
      const found = nextResolve(candidate.specifier, { ...context, parentURL: candidate.parentUrl });
      return { ...found, url: urlToLoad(found.url, specifier, context.parentURL) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
};

const load: nodeModule.LoadHookSync = (url, context, nextLoad) => {
  if (isModuleFile(url)) loadedFiles.push(fileURLToPath(url.replace(/\?.*$/, '')));
  return isTypeScript(url) ? loadTypeScript(url) : nextLoad(url, context);
};
