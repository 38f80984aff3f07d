import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The absolute path of a file or folder of the project. */
export function inProject(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** The text of a file of the project. */
export function projectText(path: string): string {
  return readFileSync(inProject(path), 'utf8');
}
