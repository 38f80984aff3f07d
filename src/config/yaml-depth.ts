import { Lexer } from 'yaml';

const MAX_DEPTH = 100;
const MAX_LENGTH = 4_194_304;

/** Whether a text is nested so deeply that parsing it (recursively) could end the process. Looks at tokens only. */
export function isNestedTooDeep(text: string): boolean {
  if (text.length > MAX_LENGTH) return true;
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
