import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ConfigError } from '../../errors/config-error.js';

/** More than a folder of templates holds. */
const limits = { files: 1000, characters: 4_194_304 };

/**
 * The text files in a directory of a module, by their paths in it; a template may include any of them. Hidden folders and
 * `node_modules` are left out.
 *
 * @throws `ConfigError` when there is no such directory, in Synapse's words, and when it holds too much.
 */
export async function templateFiles(directory: string): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = {};
  let count = 0;
  let characters = 0;
  for await (const path of filesBelow(directory)) {
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) continue;
    const text = bytes.toString();
    characters += text.length;
    if (++count > limits.files || characters > limits.characters) {
      throw new ConfigError(`${directory} holds too much for templates. Give them a directory of their own.`);
    }
    files[relative(directory, path).split(sep).join('/')] = text;
  }
  return files;
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) {
      // Those that an orchestrator mounts are links.
      if (entry.isFile() || (entry.isSymbolicLink() && (await stat(path)).isFile())) yield path;
    } else if (!entry.name.startsWith('.') && entry.name !== 'node_modules') yield* filesBelow(path);
  }
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    throw new ConfigError(`Configured template directory does not exist: ${directory}`, [], { cause: error });
  }
}
