import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageName, readBridgeModules } from '../../src/synapse/python/bridge-package.js';
import { bridgeFolder } from './synapse-forks.js';

/** Writes the bridge into a folder, with other numbers for some of its constants and limits; `PYTHONPATH` has to name the folder. */
export async function writeChangedBridge(folder: string, constants: Readonly<Record<string, number>>): Promise<void> {
  const modules = new Map(readBridgeModules(bridgeFolder));
  for (const [name, value] of Object.entries(constants)) {
    const line = new RegExp(`^(${name}: Final = |    "${name}": )[\\d._]+`, 'm');
    const [file, text] = [...modules].find(([, module]) => line.test(module)) ?? [];
    if (file === undefined || text === undefined) throw new Error(`The bridge has no constant ${name}.`);
    modules.set(file, text.replace(line, `$1${value}`));
  }
  await mkdir(join(folder, packageName), { recursive: true });
  for (const [file, text] of modules) await writeFile(join(folder, packageName, file), text);
}
