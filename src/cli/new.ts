import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failureOf } from '../errors/failure.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { CommandCall } from './command.js';
import { exitCodes } from './exit-codes.js';
import { isModuleName, newModule } from './new-module.js';
import { packageVersion } from './package-version.js';

/** `vesicle new`: makes a folder with a module, its test, its configuration and a README. */
export async function newFolder({ name, terminal }: CommandCall): Promise<number> {
  if (name === undefined || !isModuleName(name)) {
    terminal.error(
      'Name the module: lower-case letters, digits and hyphens, as in word-filter.\nSee: vesicle new --help\n',
    );
    return exitCodes.usage.code;
  }
  try {
    await mkdir(name);
    for (const [file, text] of newModule(name, packageVersion())) await writeFile(join(name, file), text);
  } catch (error) {
    const { code, message } = failureOf(error);
    const problem = code === 'EEXIST' ? 'there is something of that name' : message;
    throw new VesicleError('CLI_FILE_UNWRITABLE', { directory: name, problem }, { cause: error });
  }
  terminal.out(`Made ${name}. Now:\n\n  cd ${name}\n  npm install\n  npm test\n  npm start\n`);
  return exitCodes.done.code;
}
