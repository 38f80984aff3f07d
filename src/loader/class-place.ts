import { existsSync, readFileSync } from 'node:fs';

/** `file:line` where a class is declared, looked for in the files of its module; undefined when it is in none. */
export function placeOfClass(name: string, files: readonly string[]): string | undefined {
  if (!/^[\w$]+$/.test(name)) return undefined;
  for (const file of files) {
    const line = lineOfClass(name, linesOf(file));
    if (line >= 0) return `${file}:${line + 1}`;
  }
  return undefined;
}

/** `file:line` where a member of a class is declared; that of the class when the member is not found. */
export function placeOfMember(className: string, member: string, file: string): string | undefined {
  if (!/^[\w$]+$/.test(className)) return undefined;
  const lines = linesOf(file);
  const start = lineOfClass(className, lines);
  if (start < 0) return undefined;
  const declaration = new RegExp(`^\\s*(?:@.*\\)\\s*)?(?:[a-z]+\\s+)*${escaped(member)}\\s*[?!]?\\s*[(=:<;]`);
  const line = lines.findIndex((text, index) => index > start && declaration.test(text));
  return `${file}:${(line < 0 ? start : line) + 1}`;
}

function lineOfClass(name: string, lines: readonly string[]): number {
  const declaration = new RegExp(`\\bclass\\s+${escaped(name)}(?![\\w$])`);
  return lines.findIndex((text) => declaration.test(text));
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}

function escaped(name: string): string {
  return name.replaceAll(/[^\w]/g, '\\$&');
}
