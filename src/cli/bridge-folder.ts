import { fileURLToPath } from 'node:url';

/** The folder that holds the Python package `vesicle_bridge`: it belongs on the PYTHONPATH of Synapse. */
export function bridgeFolder(): string {
  return fileURLToPath(new URL('../../../src/synapse/python', import.meta.url));
}
