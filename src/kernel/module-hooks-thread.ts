import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { candidatesOf, isModuleFile, isTypeScript, loadTypeScript, urlToLoad } from './typescript-hooks.js';

let files: MessagePort | undefined;

/** Called by node with what `register` was given. */
export function initialize(data: { readonly files: MessagePort }): void {
  files = data.files;
}

/** The hooks of `module-hooks.ts` for a Node without `registerHooks`: the same, asynchronous, loaded by node itself. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  let failure: unknown;
  for (const candidate of candidatesOf(specifier, context.parentURL)) {
    try {
      const found = await nextResolve(candidate.specifier, { ...context, parentURL: candidate.parentUrl });
      return { ...found, url: urlToLoad(found.url, specifier, context.parentURL) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
};

export const load: LoadHook = async (url, context, nextLoad) => {
  if (isModuleFile(url)) files?.postMessage(fileURLToPath(url.replace(/\?.*$/, '')));
  return isTypeScript(url) ? loadTypeScript(url) : nextLoad(url, context);
};
