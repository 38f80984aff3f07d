import { Lexer } from 'yaml';

/** More than anybody writes; deeper ones could end the process, since they are read recursively. */
export const MAX_DEPTH = 100;

export const TOO_DEEP = 'the file is nested too deeply. Write it flatter.';

/** Whether a text is nested so deeply that parsing it (recursively) could end the process. Looks at tokens only. */
export function isNestedTooDeep(text: string): boolean {
  // Few brackets and dashes cannot nest deeply, and that is nearly every file.
  if ((text.match(/[[{]|[-?] /g)?.length ?? 0) <= MAX_DEPTH) return false;
  let brackets = 0;
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    brackets += BRACKETS[token] ?? 0;
    indicators = token.endsWith('\n') ? 0 : indicators + (INDICATORS.has(token) ? 1 : 0);
    if (brackets > MAX_DEPTH || indicators > MAX_DEPTH) return true;
  }
  return false;
}

const BRACKETS: Readonly<Record<string, number>> = { '[': 1, '{': 1, ']': -1, '}': -1 };
const INDICATORS: ReadonlySet<string> = new Set(['-', '?']);
