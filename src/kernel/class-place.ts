import { readFileSync } from 'node:fs';

/** `file:line` where a class is declared, looked for in the files of its module; undefined when it is in none. */
export function placeOfClass(name: string, files: readonly string[]): string | undefined {
  if (!/^[\w$]+$/.test(name)) return undefined;
  const declaration = new RegExp(`\\bclass\\s+${name.replaceAll('$', '\\$')}(?![\\w$])`);
  for (const file of files) {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((text) => declaration.test(text));
    if (line >= 0) return `${file}:${line + 1}`;
  }
  return undefined;
}
