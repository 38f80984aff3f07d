import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
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

/** A bridge that was written. */
export interface WrittenBridge {
  readonly file: string;
  /** The version of the bridge that was there. */
  readonly replaced: string | undefined;
}

/** Writes the bridge into a directory, which is made if need be. A file of the same name that is no bridge is left alone. */
export function writeBridge(directory: string): WrittenBridge {
  const target = join(directory, name);
  mkdirSync(directory, { recursive: true });
  const replaced = versionOf(target);
  // Into the file that is there: a container may have mounted it.
  copyFileSync(bridgeFile(), target);
  return { file: target, replaced };
}

function versionOf(target: string): string | undefined {
  if (!existsSync(target)) return undefined;
  const version = /^BRIDGE_VERSION\b.* = "([^"]*)"/m.exec(readFileSync(target, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`its ${name} is another file`);
  return version;
}
