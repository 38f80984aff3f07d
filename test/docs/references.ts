import { format, resolveConfig } from 'prettier';
import { apiModule, callbackModule, linkModule } from './bridge-tables.js';
import { callbackReference } from './callback-reference.js';
import { configurationReference } from './configuration-reference.js';
import { errorReference } from './error-reference.js';
import { moduleApiReference } from './module-api-reference.js';
import { protocolJson } from './protocol-json.js';
import { protocolReference } from './protocol-reference.js';
import { puppetTable } from './puppet-table.js';

/** The documents that are made from tables in `src/`, by file. */
const references: Readonly<Record<string, () => string>> = {
  'docs/callbacks.md': callbackReference,
  'docs/configuration.md': configurationReference,
  'docs/errors.md': errorReference,
  'docs/module-api.md': moduleApiReference,
  'docs/protocol.md': protocolReference,
  'src/synapse/protocol/protocol.json': protocolJson,
  'src/synapse/python/vesicle_bridge/api_table.py': apiModule,
  'src/synapse/python/vesicle_bridge/callback_table.py': callbackModule,
  'src/synapse/python/vesicle_bridge/link_table.py': linkModule,
  'test/conformance/recorder/callbacks.json': puppetTable,
};

/** Every generated document, formatted like the rest. */
export async function generateReferences(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const [file, make] of Object.entries(references)) {
    const text = make();
    const isFormatted = !file.endsWith('.py');
    texts.set(file, isFormatted ? await format(text, { ...(await resolveConfig(file)), filepath: file }) : text);
  }
  return texts;
}
