import { filledText } from './filled-text.js';
import type { Diagnostics, ConfigCursor } from '../values/config-cursor.js';
import type { ConfigPath, Position, Problem } from '../values/problem.js';
import { Redactor, type SecretSources } from './secrets.js';
import { parseYaml, type YamlText } from './yaml-nodes.js';
import { decodeText, unacceptableCharacter } from './yaml-text.js';
import { YamlTree } from './yaml-tree.js';

/** In bytes; more than anybody writes. */
export const MAX_LENGTH = 4_194_304;

/** A configuration as plain values, and where each of them stands in its text. */
export interface Source {
  /** undefined when the text is not YAML. */
  readonly value: unknown;
  /** The nearest place that the text has for a path. */
  readonly positionOf: (path: ConfigPath, at: Problem['at']) => Position | undefined;
  readonly redactor: Redactor;
}

/** A configuration that was never a text. */
export function plainSource(value: unknown): Source {
  return { value, positionOf: () => undefined, redactor: new Redactor() };
}

/**
 * Parses YAML to the values that Synapse, which reads with PyYAML, would have. Everything wrong with the text itself goes to
 * the diagnostics.
 */
export function readYaml(text: string | Uint8Array, diagnostics: Diagnostics, secrets: SecretSources): Source {
  const known = diagnostics.problems.length;
  const source = readText(text, diagnostics, secrets);
  const [first, ...more] = diagnostics.problems.slice(known);
  const position = first && (first.position ?? source.positionOf(first.path, first.at));
  if (position !== undefined && isOfTemplate(text, position.line)) {
    // Everything else that is wrong with it follows from that.
    diagnostics.problems.splice(known, more.length + 1, { path: [], at: 'value', causes: [TEMPLATE], position });
    return { ...source, value: undefined };
  }
  return source;
}

const TEMPLATE = 'the file is a template, as "{{" or "{%" on this line shows. Name the file that is made of it.';

/** Whether a line begins a statement of a template language, or has an expression of one in place of a value. */
function isOfTemplate(text: string | Uint8Array, line: number): boolean {
  const lines = Buffer.from(text)
    .toString()
    .split(/\r\n?|\n/);
  return /^\s*\{[%#]|(?:^|[:-])\s*\{\{/.test(lines[line - 1] ?? '');
}

function readText(text: string | Uint8Array, diagnostics: Diagnostics, secrets: SecretSources): Source {
  const redactor = new Redactor();
  const { root, faults, positionOf } = parseText(text);
  for (const { message, offset } of faults) {
    diagnostics.problems.push({ path: [], at: 'value', causes: [message], position: positionOf(offset) });
  }
  if (root === undefined) return { value: undefined, positionOf: () => undefined, redactor };
  const textOf = (written: string, place: ConfigCursor): string => filledText(written, place, secrets, redactor);
  const tree = new YamlTree(diagnostics, positionOf, textOf);
  return {
    value: tree.read(root),
    positionOf: (path, at) => positionOf(tree.offsetOf(path, at)),
    redactor,
  };
}

function parseText(given: string | Uint8Array): YamlText {
  if (given.length > MAX_LENGTH) return wrongText('', 0, `the file is larger than ${MAX_LENGTH} bytes. Write less.`);
  const decoded = typeof given === 'string' ? { text: given } : decodeText(given);
  const { text } = decoded;
  if ('fault' in decoded) return wrongText(text, decoded.offset, decoded.fault);
  const wrong = unacceptableCharacter(text);
  if (wrong !== undefined) return wrongText(text, wrong.offset, wrong.fault);
  // The line breaks of YAML 1.1.
  return parseYaml(text.replace(/^\ufeff/, '').replace(/\r\n?|\x85/g, '\n'));
}

function wrongText(text: string, offset: number, message: string): YamlText {
  const before = text.slice(0, offset);
  const position = { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  return { faults: [{ message, offset }], positionOf: () => position };
}
