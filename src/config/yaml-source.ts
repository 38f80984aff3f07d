import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Findings, Place } from './place.js';
import type { ConfigPath, Position, Problem } from './problem.js';
import { isMapping } from './readers.js';
import { Redactor, type SecretSources, substituteSecrets } from './secrets.js';
import { isNestedTooDeep } from './yaml-depth.js';
import { pythonSchema } from './yaml-schema.js';

/** More than anybody writes; keeps a small file from growing to gigabytes ("billion laughs"). */
const MAX_NODES_THROUGH_ALIASES = 10_000;

/** A configuration as plain values, and where each of them stands in its text. */
export interface Source {
  /** undefined when the text is no YAML. */
  readonly value: unknown;
  /** The nearest place that the text has for a path. */
  readonly positionOf: (path: ConfigPath, at: Problem['at']) => Position | undefined;
  readonly redactor: Redactor;
}

/** Values that never were a text: an object of a test. */
export function plainSource(value: unknown): Source {
  return { value, positionOf: () => undefined, redactor: new Redactor() };
}

/** Parses YAML. Everything wrong with the text itself goes to the findings. */
export function readYaml(text: string, findings: Findings, secrets: SecretSources): Source {
  const lines = new LineCounter();
  const redactor = new Redactor();
  const tree = parseTree(text, lines, findings);
  if (tree === undefined) return { value: undefined, positionOf: () => undefined, redactor };
  const values = new TreeReader(findings, secrets, redactor, lines);
  const value = values.read(tree.contents);
  const positionOf: Source['positionOf'] = (path, at) => position(lines, values.offsetOf(path, at));
  return { value, positionOf, redactor };
}

const SYNTAX_REMEDIES: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'the file has a second document. Remove the line "---".',
  TAB_AS_INDENT: 'tabs are not allowed as indentation. Use spaces.',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second "key:" on one line. Put it on a line of its own, or the value in quotes.',
};

function parseTree(text: string, lines: LineCounter, findings: Findings): Document | undefined {
  const fault = (message: string, offset: number): void => {
    findings.problems.push({ path: [], at: 'value', causes: [message], position: position(lines, offset) });
  };
  if (isNestedTooDeep(text)) {
    fault('the file is nested too deeply. Write it flatter.', 0);
    return undefined;
  }
  // Duplicate keys are found later, where their path is known.
  const options = {
    ...pythonSchema,
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  } as const;
  const document = parseDocument(text, options);
  let lastLine = 0;
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(pos[0]);
    // One mistake makes several errors; those that follow it on its line explain nothing.
    if (line === lastLine) continue;
    lastLine = line;
    fault(SYNTAX_REMEDIES[code] ?? `the YAML is wrong here: ${message}. Correct it.`, pos[0]);
  }
  return lastLine === 0 ? document : undefined;
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Offsets {
  readonly key: number;
  readonly value: number;
}

/** Makes plain values of YAML nodes. */
class TreeReader {
  private readonly offsets = new Map<string, Offsets>();
  private readonly anchors = new Map<string, Node>();
  /** The anchored nodes that are being read: an alias to one of them would never end. */
  private readonly open = new Set<Node>();
  private aliasDepth = 0;
  private nodesThroughAliases = 0;

  constructor(
    private readonly findings: Findings,
    private readonly secrets: SecretSources,
    private readonly redactor: Redactor,
    private readonly lines: LineCounter,
  ) {}

  read(node: Node | null): unknown {
    return this.valueOf(node, new Place(this.findings), 0);
  }

  offsetOf(path: ConfigPath, at: Problem['at']): number {
    for (let length = path.length; length >= 0; length--) {
      const found = this.offsets.get(keyOf(path.slice(0, length)));
      if (found !== undefined) return length === path.length ? found[at] : found.value;
    }
    return 0;
  }

  private valueOf(node: Node | null, place: Place, keyOffset: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset;
    this.offsets.set(keyOf(place.path), { key: keyOffset, value: offset });
    if (node === null) return null;
    if (isAlias(node)) return this.aliased(node.source, place, keyOffset);
    if (this.aliasDepth > 0 && ++this.nodesThroughAliases > MAX_NODES_THROUGH_ALIASES) return null;
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.anchors.set(anchor, node);
    this.open.add(node);
    const value = this.contentOf(node, place);
    this.open.delete(node);
    return value;
  }

  private contentOf(node: Node, place: Place): unknown {
    if (isScalar(node)) return typeof node.value === 'string' ? this.textOf(node.value, place) : node.value;
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const child = item as Node | null;
        return this.valueOf(child, place.at(index), child?.range?.[0] ?? 0);
      });
    }
    return isMap(node) ? this.mappingOf(node, place) : null;
  }

  private aliased(name: string, place: Place, offset: number): unknown {
    const target = this.anchors.get(name);
    if (target === undefined)
      return place.fault(`"*${name}" refers to nothing. Write "&${name}" before an earlier value.`);
    if (this.open.has(target)) return place.fault(`"*${name}" refers to itself. Remove it.`);
    const wasWithin = this.nodesThroughAliases <= MAX_NODES_THROUGH_ALIASES;
    this.aliasDepth++;
    const value = wasWithin ? this.valueOf(target, place, offset) : null;
    this.aliasDepth--;
    if (wasWithin && this.aliasDepth === 0 && this.nodesThroughAliases > MAX_NODES_THROUGH_ALIASES) {
      place.faultyKey(`the aliases of this file make it more than ${MAX_NODES_THROUGH_ALIASES} values. Use fewer.`);
    }
    return value;
  }

  private mappingOf(node: YAMLMap, place: Place): Record<string, unknown> {
    const own: [string, unknown][] = [];
    const merged: [string, unknown][] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      if (isMerge(pair)) {
        merged.push(...this.mergedOf(pair, place));
        continue;
      }
      const key = keyText(pair.key);
      const keyOffset = (pair.key as Node | null)?.range?.[0] ?? 0;
      const child = place.at(key ?? '?');
      const isDuplicate = key !== undefined && seen.has(key);
      if (isDuplicate || key === undefined || key === '__proto__') {
        this.refuseKey(key, child, keyOffset, isDuplicate);
        continue;
      }
      seen.add(key);
      own.push([key, this.valueOf(pair.value as Node | null, child, keyOffset)]);
    }
    return Object.fromEntries([...merged.reverse(), ...own]);
  }

  private refuseKey(key: string | undefined, place: Place, offset: number, isDuplicate: boolean): void {
    const fault = (message: string): void => {
      this.findings.problems.push({
        path: place.path,
        at: 'key',
        causes: [message],
        position: position(this.lines, offset),
      });
    };
    if (isDuplicate) fault(`duplicate key "${key ?? ''}". Keep one of them.`);
    else if (key === undefined) fault('a key must be one text. Write "key: value".');
    else fault(`the key "${key}" is not allowed. Rename it.`);
  }

  /** The members that `<<: *base` or `<<: [*one, *two]` brings: what is written out wins, then the first of the list. */
  private mergedOf(pair: Pair, place: Place): [string, unknown][] {
    const value = this.valueOf(pair.value as Node | null, place.at('<<'), (pair.key as Node).range?.[0] ?? 0);
    const mappings = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    if (!mappings.every(isMapping))
      place.at('<<').fault('expected a mapping, or a list of mappings. Write "<<: *name".');
    return mappings.filter(isMapping).flatMap((mapping) => Object.entries(mapping));
  }

  private textOf(text: string, place: Place): string {
    const substitution = substituteSecrets(text, this.secrets);
    for (const fault of substitution.faults) place.fault(fault);
    for (const [value, written] of substitution.secrets) this.redactor.add(value, written);
    return substitution.text;
  }
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || key.value === '<<') && key.type === 'PLAIN';
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  // As it is written: a number or `yes` as a key is a name here.
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function keyOf(path: ConfigPath): string {
  return JSON.stringify(path);
}
