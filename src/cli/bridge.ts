import { failureOf } from '../errors/failure.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { writeBridgeFile, writeBridgeFolder, type WrittenBridge } from '../synapse/python/write-bridge.js';
import { bridgeFolder } from './bridge-folder.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';

/** `vesicle bridge`: writes the Python package that Synapse loads, or one file with the same in it. */
export async function bridge({ terminal, values, switches }: CommandCall): Promise<number> {
  const directory = values.get('out');
  if (directory === undefined || directory === '') {
    terminal.error('Say where to: --out DIR, a directory on the PYTHONPATH of Synapse.\n');
    return exitCodes.usage.code;
  }
  const write = switches.has('single-file') ? writeBridgeFile : writeBridgeFolder;
  try {
    terminal.out(report(write(bridgeFolder(), directory), directory));
    return exitCodes.done.code;
  } catch (error) {
    throw new VesicleError('CLI_FILE_UNWRITABLE', { directory, problem: failureOf(error).message }, { cause: error });
  }
}

function report({ path, replaced, removed }: WrittenBridge, directory: string): string {
  const lines = [
    replaced === undefined
      ? `Wrote ${path}. Put ${directory} on the PYTHONPATH of Synapse.`
      : `Wrote ${path} in place of that of ${replaced}. Restart the module host and Synapse.`,
  ];
  if (removed !== undefined) {
    lines.push(`Removed ${removed}, since Python prefers the folder. To mount one file, write it with --single-file.`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
