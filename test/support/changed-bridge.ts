import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bridgeFolder } from './synapse-forks.js';

/** Writes the bridge into a folder, with other numbers for some of its constants and limits; `PYTHONPATH` has to name the folder. */
export async function writeChangedBridge(folder: string, constants: Readonly<Record<string, number>>): Promise<void> {
  let text = await readFile(join(bridgeFolder, 'vesicle_bridge.py'), 'utf8');
  for (const [name, value] of Object.entries(constants)) {
    const line = new RegExp(`^(${name}: Final = |    "${name}": )[\\d._]+`, 'm');
    if (!line.test(text)) throw new Error(`The bridge has no constant ${name}.`);
    text = text.replace(line, `$1${value}`);
  }
  await writeFile(join(folder, 'vesicle_bridge.py'), text);
}
