import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a package.json says of itself. */
export interface PackageName {
  readonly name: string;
  readonly version: string;
}

/** The package that a file belongs to, if it has a name and a version. */
export function packageOfFile(path: string): PackageName | undefined {
  const folder = dirname(path);
  if (folder === path) return undefined;
  const description = join(folder, 'package.json');
  if (!existsSync(description)) return packageOfFile(folder);
  const { name, version } = JSON.parse(readFileSync(description, 'utf8')) as Readonly<Record<string, unknown>>;
  // Packages have files of that name in folders of theirs, too, which say "type" and nothing else.
  return typeof name === 'string' && typeof version === 'string' ? { name, version } : packageOfFile(folder);
}
