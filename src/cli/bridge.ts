import { VesicleError } from '../errors/vesicle-error.js';
import { writeBridge } from '../synapse/python/bridge-file.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';

/** `vesicle bridge`: writes the Python file that Synapse loads. */
export async function bridge({ terminal, values }: CommandCall): Promise<number> {
  const directory = values.get('out');
  if (directory === undefined || directory === '') {
    terminal.error('Say where to: --out DIR, a directory on the PYTHONPATH of Synapse.\n');
    return exitCodes.usage.code;
  }
  try {
    const { file, replaced } = writeBridge(directory);
    terminal.out(
      replaced === undefined
        ? `Wrote ${file}. Put its directory on the PYTHONPATH of Synapse.\n`
        : `Wrote ${file} in place of that of ${replaced}. Restart the module host and Synapse.\n`,
    );
    return exitCodes.done.code;
  } catch (error) {
    throw new VesicleError('CLI_FILE_UNWRITABLE', { directory, problem: (error as Error).message }, { cause: error });
  }
}
