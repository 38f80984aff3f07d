import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The name that Synapse imports, of a folder or of one file. */
export const packageName = 'vesicle_bridge';

/** The Python modules of the bridge: the text of each file, by the file's name. */
export type BridgeModules = ReadonlyMap<string, string>;

/** Reads the modules of the bridge; `folder` is the one that a PYTHONPATH would name. */
export function readBridgeModules(folder: string): BridgeModules {
  const source = join(folder, packageName);
  const files = readdirSync(source).filter((file) => file.endsWith('.py'));
  return new Map(files.sort().map((file) => [file, readFileSync(join(source, file), 'utf8')]));
}

/** The version that a Python text of the bridge states; undefined for any other text. */
export function statedVersion(text: string): string | undefined {
  return /^BRIDGE_VERSION\b.* = "([^"]*)"/m.exec(text)?.[1];
}

/** The version of these modules. */
export function versionOf(modules: BridgeModules): string | undefined {
  return [...modules.values()].map(statedVersion).find((version) => version !== undefined);
}
