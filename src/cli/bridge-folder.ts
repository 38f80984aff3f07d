import { fileURLToPath } from 'node:url';

/** The folder that holds `vesicle_bridge.py`: it belongs on the PYTHONPATH of Synapse. */
export function bridgeFolder(): string {
  return fileURLToPath(new URL('../../../src/synapse/python', import.meta.url));
}
