import { CST, Lexer } from 'yaml';
import type { SyntaxFault } from './yaml-nodes.js';

/** Tokens of the lexer that are not part of the text: a scalar follows, a document begins, brackets are not closed. */
const MARKS: ReadonlySet<string> = new Set([CST.SCALAR, CST.DOCUMENT, CST.FLOW_END]);

/**
 * What the `yaml` package, which knows YAML 1.2, takes and PyYAML, which knows YAML 1.1, refuses or takes for another value,
 * as far as it shows in the tokens. It is refused, so that no value differs between the hosts.
 */
export function* differentTokens(text: string): Generator<SyntaxFault> {
  let scalar: 'plain' | 'block' = 'plain';
  for (const { token, before, offset } of tokensOf(text)) {
    const isScalar = before === CST.SCALAR;
    if (CST.tokenType(token) === 'block-scalar-header') scalar = 'block';
    const [at, message] = (isScalar ? SCALARS[scalar](token) : faultOf(token, before)) ?? [-1, ''];
    if (at >= 0) yield { message, offset: offset + at };
    if (isScalar) scalar = 'plain';
  }
  if (/^(?:\.\.\.|%)/m.test(text)) yield* strayMarks(text);
}

/** Ends and directives of documents that are not there. */
function* strayMarks(text: string): Generator<SyntaxFault> {
  let hasBegun = false;
  let directive: number | undefined;
  for (const { token, before, offset } of tokensOf(text)) {
    if (before !== CST.SCALAR) {
      if (token === '...' && !hasBegun) yield { message: 'no document stands before "...". Remove the line.', offset };
      if (token.startsWith('%')) directive = offset;
      if (token === '---') directive = undefined;
    }
    hasBegun ||= !MARKS.has(token) && !/^[ \n#]/.test(token);
  }
  if (directive !== undefined) yield { message: 'no document follows this directive. Remove it.', offset: directive };
}

interface Token {
  readonly token: string;
  readonly before: string;
  readonly offset: number;
}

function* tokensOf(text: string): Generator<Token> {
  let [before, offset]: readonly [string, number] = ['', 0];
  for (const token of new Lexer().lex(text)) {
    yield { token, before, offset };
    before = token;
    if (!MARKS.has(token)) offset += token.length;
  }
}

type Fault = readonly [at: number, message: string] | undefined;

const SCALARS: Readonly<Record<'plain' | 'block', (token: string) => Fault>> = { plain: tab, block: () => undefined };

function tab(token: string): Fault {
  return [token.indexOf('\t'), 'tabs are allowed in quotes and comments only. Use spaces.'];
}

function faultOf(token: string, before: string): Fault {
  if (CST.tokenType(before) === 'tag' && !/^[ \n]/.test(token)) return [0, 'a tag ends with a space. Add one.'];
  if (/^[ \t]+$/.test(token)) return tab(token);
  if (token.startsWith('%')) return DIRECTIVE.test(token) ? undefined : [0, 'the directive is wrong. Correct it.'];
  if (token.startsWith("'")) return /^'(?:[^']|'')*'$/.test(token) ? undefined : NOT_CLOSED;
  if (!token.startsWith('"')) return undefined;
  if (!/^"(?:[^"\\]|\\[^])*"$/.test(token)) return NOT_CLOSED;
  return [token.search(/\\\n *\n/), 'an empty line follows "\\" at the end of a line. Write "\\n".'];
}

const NOT_CLOSED: Fault = [0, 'the quotes are not closed. Close them.'];

const DIRECTIVE =
  /^%(?:YAML +1\.\d+ *|TAG +!(?:[\w-]*!)? +(?:[-\w;/?:@&=+$,.!~*'()[\]]|%[\da-fA-F]{2})+ *|(?!(?:YAML|TAG) )[\w-]+(?: .*)?)$/;
