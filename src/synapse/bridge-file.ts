import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const name = 'vesicle_bridge.py';

/** Where the bridge lies in this package: beside its sources, whether this runs from `src` or from `dist`. */
function bridgeFile(): string {
  const places = ['./python/', '../../../src/synapse/python/'].map((place) =>
    fileURLToPath(new URL(place + name, import.meta.url)),
  );
  return places.find((place) => existsSync(place)) ?? name;
}

/** Writes the bridge into a directory, which is made if need be; answers with the file. */
export function writeBridge(directory: string): string {
  const target = join(directory, name);
  mkdirSync(directory, { recursive: true });
  copyFileSync(bridgeFile(), target);
  return target;
}
