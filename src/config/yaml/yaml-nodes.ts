import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParseOptions,
  parseDocument,
  type Scalar,
  type SchemaOptions,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Position } from '../values/problem.js';
import { blockText } from './yaml-block.js';
import { isNestedTooDeep, MAX_DEPTH, TOO_DEEP } from './yaml-depth.js';
import { differentTokens } from './yaml-python.js';
import { implicitTag, TAG } from './yaml-scalars.js';

/** One value of a YAML text with its tag, before anything is made of it; `start` is an offset in the text. */
export type YamlNode = { readonly start: number } & (
  | { readonly kind: 'scalar'; readonly tag: string; readonly text: string }
  | { readonly kind: 'sequence'; readonly tag: string; readonly items: readonly YamlNode[] }
  | { readonly kind: 'mapping'; readonly tag: string; readonly pairs: readonly YamlPair[] }
  | { readonly kind: 'alias'; readonly name: string; readonly target: YamlNode | undefined }
);

export type YamlMapping = Extract<YamlNode, { readonly kind: 'mapping' }>;

export type YamlPair = readonly [key: YamlNode, value: YamlNode];

/** What cannot be read as YAML: what is wrong and what to do, and the offset. */
export interface SyntaxFault {
  readonly message: string;
  readonly offset: number;
}

/** A text as nodes, or what is wrong with it. */
export interface YamlText {
  readonly root?: YamlNode;
  readonly faults: readonly SyntaxFault[];
  readonly positionOf: (offset: number) => Position;
}

/** Every scalar stays a text and every tag a name: the values are PyYAML's, not those of the `yaml` package. */
const textsOnly: ParseOptions & SchemaOptions & { readonly version: '1.1' } = {
  version: '1.1',
  schema: 'failsafe',
  resolveKnownTags: false,
  // They say how far the collection is indented that a block of text is in.
  keepSourceTokens: true,
  merge: false,
  // Duplicate keys are found later, where their path is known.
  uniqueKeys: false,
};

const SYNTAX_REMEDIES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'the file has a second document. Remove the line "---".',
  TAB_AS_INDENT: 'tabs are not allowed as indentation. Use spaces.',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second "key:" on one line. Put it on a line of its own, or the value in quotes.',
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

/** Parses a text that holds one YAML document. */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tooDeep = { faults: [{ message: TOO_DEEP, offset: 0 }], positionOf };
  if (isNestedTooDeep(text)) return tooDeep;
  const document = parseDocument(text, { ...textsOnly, lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const faults = [...syntaxFaults(document, text, positionOf)];
  if (faults.length === 0) faults.push(...differentTokens(text));
  if (faults.length > 0) return { faults, positionOf };
  const reader = new NodeReader(text, faults);
  const root = reader.read(document.contents);
  return faults.length > 0 ? { faults, positionOf } : { root, faults, positionOf };
}

function* syntaxFaults(document: Document, text: string, positionOf: YamlText['positionOf']): Generator<SyntaxFault> {
  let lastLine = 0;
  // A tag that the package does not know is judged where a value is made.
  const warnings = document.warnings.filter(
    ({ code, message }) => code !== 'TAG_RESOLVE_FAILED' && !message.startsWith('Unknown directive'),
  );
  for (const { code, message, pos } of [...document.errors, ...warnings]) {
    if (code === 'MULTIPLE_DOCS' && isEmptyFrom(text, pos[0])) continue;
    const { line } = positionOf(pos[0]);
    // One mistake makes several errors; those that follow it on its line explain nothing.
    if (line === lastLine) continue;
    lastLine = line;
    yield { message: remedyFor(code, message), offset: pos[0] };
  }
}

/** Whether no document follows: the one before may be ended more than once. */
function isEmptyFrom(text: string, offset: number): boolean {
  const lines = text.slice(text.lastIndexOf('\n', offset - 1) + 1).split('\n');
  return lines.every((line) => /^(?:\.\.\.)?(?: *| +#.*)$|^#/.test(line));
}

/** Whether a pair begins with ":", which PyYAML takes behind "?" only. */
function isKeyMissing({ key, srcToken }: Pair): boolean {
  const isEmpty =
    isScalar(key) && key.range?.[0] === key.range?.[1] && key.tag === undefined && key.anchor === undefined;
  return isEmpty && srcToken?.start.some(({ type }) => type === 'explicit-key-ind') !== true;
}

function remedyFor(code: string, message: string): string {
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) {
    return 'the quotes are not closed, or their next line is not indented more than the key. Close them, or indent it.';
  }
  return SYNTAX_REMEDIES[code] ?? `the YAML is wrong here: ${message}. Correct it.`;
}

/** Takes from the nodes of the `yaml` package what values are made of, with PyYAML's tags. */
class NodeReader {
  private readonly anchors = new Map<string, YamlNode>();
  private depth = 0;

  private flowDepth = 0;

  constructor(
    private readonly text: string,
    private readonly faults: SyntaxFault[],
  ) {}

  read(node: Node | null, start = 0): YamlNode {
    const own = node?.range?.[0] ?? start;
    if (node === null) return { kind: 'scalar', tag: TAG.null, text: '', start: own };
    if (isAlias(node)) {
      this.checkAnchor(node.source, own);
      return { kind: 'alias', name: node.source, target: this.anchors.get(node.source), start: own };
    }
    if (++this.depth > MAX_DEPTH && this.depth === MAX_DEPTH + 1) this.faults.push({ message: TOO_DEEP, offset: own });
    const read = this.depth > MAX_DEPTH ? this.scalar('', undefined, true, own) : this.contentOf(node, own);
    this.depth--;
    return read;
  }

  private contentOf(node: Node, start: number): YamlNode {
    const tag = node.tag === '!' ? undefined : node.tag;
    if (isSeq(node) || isMap(node)) return this.collection(node, tag, start);
    return isScalar(node) ? this.scalarOf(node, tag, start) : this.scalar('', undefined, true, start);
  }

  private scalarOf(node: Scalar, tag: string | undefined, start: number): YamlNode {
    const { source = '', type = 'PLAIN' } = node;
    const isPlain = type === 'PLAIN';
    if (isPlain && this.flowDepth > 0) this.checkPlainInFlow(source, start);
    const text = type.startsWith('BLOCK') ? this.blockText(node, start) : source;
    // The tag "!" makes what is in quotes a plain scalar, as PyYAML reads it.
    return this.anchored(node, this.scalar(text, tag, isPlain || node.tag === '!', start));
  }

  private blockText({ range, srcToken }: Scalar, start: number): string {
    const written = this.text.slice(start, range?.[2]);
    const unindented = this.depth === 1 ? written.search(/\n[^\n ]/) : -1;
    if (unindented >= 0) this.refuse('a block of text must be indented. Indent it.', start + unindented + 1);
    const parentIndent = srcToken !== undefined && 'indent' in srcToken ? srcToken.indent : 0;
    return blockText({ text: this.text, start, parentIndent });
  }

  private refuse(message: string, offset: number): void {
    this.faults.push({ message, offset });
  }

  /** In brackets YAML 1.1 takes "?" for the sign of a key, wherever it stands, and ":" at the beginning for one of a value. */
  private checkPlainInFlow(text: string, offset: number): void {
    const sign = text.includes('?') ? '?' : ':';
    if (sign === '?' || text.startsWith(':')) {
      this.faults.push({
        message: `"${sign}" has a meaning of its own in brackets. Write "${text}" in quotes.`,
        offset,
      });
    }
  }

  private collection(node: YAMLMap | YAMLSeq, tag: string | undefined, start: number): YamlNode {
    const depth = this.flowDepth;
    if (node.flow === true) this.flowDepth++;
    const read = isMap(node) ? this.mapping(node, tag ?? TAG.map, start) : this.sequence(node, tag ?? TAG.seq, start);
    this.flowDepth = depth;
    return read;
  }

  private sequence(node: YAMLSeq, tag: string, start: number): YamlNode {
    const items: YamlNode[] = [];
    const sequence = this.anchored(node, { kind: 'sequence', tag, items, start });
    for (const item of node.items as readonly (Node | null)[]) items.push(this.read(item, start));
    return sequence;
  }

  private scalar(text: string, tag: string | undefined, isPlain: boolean, start: number): YamlNode {
    return { kind: 'scalar', tag: tag ?? (isPlain ? implicitTag(text) : TAG.str), text, start };
  }

  private mapping(node: YAMLMap, tag: string, start: number): YamlNode {
    const pairs: YamlPair[] = [];
    const mapping = this.anchored(node, { kind: 'mapping', tag, pairs, start });
    for (const pair of node.items) {
      const key = this.read(pair.key as Node | null, start);
      if (isKeyMissing(pair))
        this.refuse('the key before ":" is missing. Write it, or "" for an empty one.', key.start);
      pairs.push([key, this.read(pair.value as Node | null, key.start)]);
    }
    return mapping;
  }

  private anchored<T extends YamlNode>(node: { readonly anchor?: string | undefined }, read: T): T {
    const { anchor } = node;
    if (anchor === undefined) return read;
    this.checkAnchor(anchor, read.start);
    if (this.anchors.has(anchor)) {
      this.faults.push({
        message: `the anchor "&${anchor}" is given twice. Rename one of them.`,
        offset: read.start,
      });
    }
    this.anchors.set(anchor, read);
    return read;
  }

  private checkAnchor(name: string, offset: number): void {
    if (/^[\w-]+$/.test(name)) return;
    this.faults.push({
      message: `the anchor "${name}" may have letters, digits, "-" and "_" only. Rename it.`,
      offset,
    });
  }
}
