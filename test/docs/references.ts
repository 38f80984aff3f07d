import { format, resolveConfig } from 'prettier';
import { callbackReference } from './callback-reference.js';
import { configurationReference } from './configuration-reference.js';
import { errorReference } from './error-reference.js';

/** The documents that are made from tables in `src/`, by file. */
const references: Readonly<Record<string, () => string>> = {
  'docs/callbacks.md': callbackReference,
  'docs/configuration.md': configurationReference,
  'docs/errors.md': errorReference,
};

/** Every generated document, formatted like the rest. */
export async function generateReferences(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const [file, make] of Object.entries(references)) {
    texts.set(file, await format(make(), { ...(await resolveConfig(file)), filepath: file }));
  }
  return texts;
}
