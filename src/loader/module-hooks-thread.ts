import type { LoadHook, ResolveHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import { candidatesOf, importNotes, isTypeScript, loadTypeScript, urlToLoad } from './typescript-hooks.js';

let notes: MessagePort | undefined;

/** Called by node with what `register` was given. */
export function initialize(data: { readonly notes: MessagePort }): void {
  notes = data.notes;
}

/** The hooks of `module-hooks.ts` for a Node without `registerHooks`: the same, asynchronous, loaded by node itself. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  let failure: unknown;
  for (const candidate of candidatesOf(specifier, context.parentURL)) {
    try {
      const found = await nextResolve(candidate.specifier, { ...context, parentURL: candidate.parentUrl });
      const url = urlToLoad(found.url, specifier, context.parentURL);
      for (const note of importNotes(specifier, context.parentURL, url)) notes?.postMessage(note);
      return { ...found, url };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
};

export const load: LoadHook = async (url, context, nextLoad) =>
  isTypeScript(url) ? loadTypeScript(url) : nextLoad(url, context);
