import type { ConfigPath, Position, Problem } from '../values/problem.js';
import { ConfigCursor, type Diagnostics } from '../values/config-cursor.js';
import { MAX_DEPTH, TOO_DEEP } from './yaml-depth.js';
import { keyName, MergedMembers, resolved } from './yaml-keys.js';
import type { YamlMapping, YamlNode } from './yaml-nodes.js';
import { ScalarFault, scalarValue, TAG, unfitTag } from './yaml-scalars.js';

/** More than anybody writes; keeps a small file from growing to gigabytes ("billion laughs"). */
const MAX_NODES_THROUGH_ALIASES = 10_000;

interface Offsets {
  readonly key: number;
  readonly value: number;
}

type Content = Exclude<YamlNode, { readonly kind: 'alias' }>;
type Sequence = Extract<YamlNode, { readonly kind: 'sequence' }>;

/** Makes of YAML nodes the values that PyYAML would make of them, and remembers where they stand. */
export class YamlTree {
  private readonly offsets = new Map<string, Offsets>();
  private readonly members = new MergedMembers();
  /** The nodes that are being read: an alias to one of them would never end. */
  private readonly open = new Set<YamlNode>();
  private readonly refused = new Set<YamlNode>();
  private aliasDepth = 0;
  private isTooDeep = false;
  private nodesThroughAliases = 0;

  constructor(
    private readonly diagnostics: Diagnostics,
    private readonly positionOf: (offset: number) => Position,
    /** What is made of a string. */
    private readonly textOf: (text: string, place: ConfigCursor) => string,
  ) {}

  read(node: YamlNode): unknown {
    return this.valueOf(node, new ConfigCursor(this.diagnostics), node.start);
  }

  /** The nearest place that the text has for a path. */
  offsetOf(path: ConfigPath, at: Problem['at']): number {
    for (let length = path.length; length >= 0; length--) {
      const found = this.offsets.get(keyOf(path.slice(0, length)));
      if (found !== undefined) return length === path.length ? found[at] : found.value;
    }
    return 0;
  }

  private valueOf(node: YamlNode, place: ConfigCursor, key: number): unknown {
    // Aliases to values that hold aliases are deeper than anything that is written.
    if (place.path.length > MAX_DEPTH) return this.tooDeep();
    this.offsets.set(keyOf(place.path), { key, value: node.start });
    if (node.kind === 'alias') {
      const { name, target } = node;
      if (target !== undefined && this.open.has(target)) return place.report(`"*${name}" refers to itself. Remove it.`);
      if (target !== undefined) return this.throughAlias(place, () => this.valueOf(target, place, key));
      return place.report(`"*${name}" refers to nothing. Write "&${name}" before an earlier value.`);
    }
    if (this.open.has(node)) return place.report('the value here refers to itself. Remove it.');
    if (this.aliasDepth > 0 && ++this.nodesThroughAliases > MAX_NODES_THROUGH_ALIASES) return null;
    this.open.add(node);
    const value = this.contentOf(node, place);
    this.open.delete(node);
    return value;
  }

  private tooDeep(): null {
    if (!this.isTooDeep) new ConfigCursor(this.diagnostics).report(TOO_DEEP);
    this.isTooDeep = true;
    return null;
  }

  private throughAlias<T>(place: ConfigCursor, read: () => T): T | null {
    if (this.nodesThroughAliases > MAX_NODES_THROUGH_ALIASES) return null;
    this.aliasDepth++;
    const value = read();
    this.aliasDepth--;
    if (this.aliasDepth === 0 && this.nodesThroughAliases > MAX_NODES_THROUGH_ALIASES) {
      place.reportKey(`the aliases of this file make it more than ${MAX_NODES_THROUGH_ALIASES} values. Use fewer.`);
    }
    return value;
  }

  private contentOf(node: Content, place: ConfigCursor): unknown {
    if (node.kind === 'scalar') return this.scalarOf(node.tag, node.text, place);
    return node.kind === 'sequence' ? this.sequenceOf(node, place) : this.mappingOf(node, place);
  }

  private scalarOf(tag: string, text: string, place: ConfigCursor): unknown {
    const value = scalarValue(tag, text);
    if (value instanceof ScalarFault) return place.report(value.message);
    if (tag === TAG.float && Number.isInteger(value)) place.markPointed();
    return typeof value === 'string' ? this.textOf(value, place) : value;
  }

  private sequenceOf({ tag, items }: Sequence, place: ConfigCursor): unknown {
    if (tag === TAG.seq) return items.map((item, index) => this.valueOf(item, place.at(index), item.start));
    if (tag === TAG.omap || tag === TAG.pairs) return items.map((item, index) => this.pairOf(item, place.at(index)));
    return place.report(unfitTag(tag, 'a list'));
  }

  /** One item of `!!omap [a: 1, b: 2]`: a key of any kind, and its value. */
  private pairOf(item: YamlNode, place: ConfigCursor): unknown {
    this.offsets.set(keyOf(place.path), { key: item.start, value: item.start });
    const node = resolved(item);
    const [pair, ...more] = node?.kind === 'mapping' ? node.pairs : [];
    if (node === undefined || pair === undefined || more.length > 0) {
      return place.report('expected a mapping of one key. Write "- key: value".');
    }
    const [key, value] = pair;
    const read = (): unknown => [
      this.valueOf(key, place.at(0), key.start),
      this.valueOf(value, place.at(1), key.start),
    ];
    return item.kind === 'alias' ? this.throughAlias(place, read) : read();
  }

  private mappingOf(node: YamlMapping, place: ConfigCursor): unknown {
    if (node.tag === TAG.map) {
      return Object.fromEntries(this.membersOf(node, place).map(({ name, value }) => [name, value]));
    }
    if (node.tag === TAG.set) return this.setOf(node, place);
    // `{ =: 5 }` is 5 where a scalar is expected.
    const text = node.tag === TAG.timestamp ? undefined : defaultText(node);
    return text === undefined ? place.report(unfitTag(node.tag, 'a mapping')) : this.scalarOf(node.tag, text, place);
  }

  private membersOf(node: YamlMapping, place: ConfigCursor): readonly Member[] {
    const { pairs, own, faulty } = this.members.of(node);
    for (const value of faulty) {
      this.offsets.set(keyOf(place.at('<<').path), { key: value.start, value: value.start });
      place.at('<<').report('expected a mapping, or a list of mappings. Write "<<: *name".');
    }
    const seen = new Set<string>();
    return pairs.flatMap((pair) => {
      const [key, value] = pair;
      const { name, fault } = keyName(key);
      const at = place.at(name);
      const isDuplicate = own.has(pair) && seen.has(name);
      const problem = isDuplicate ? `duplicate key "${name}". Keep one of them.` : fault;
      if (problem !== undefined) return this.refuseKey(key, at, problem);
      if (own.has(pair)) seen.add(name);
      const read = (): unknown => this.valueOf(value, at, key.start);
      return { name, value: own.has(pair) ? read() : this.throughAlias(at, read) };
    });
  }

  private refuseKey(key: YamlNode, place: ConfigCursor, problem: string): readonly Member[] {
    // A key that is merged into several mappings is refused once.
    if (!this.refused.has(key)) {
      const position = this.positionOf(key.start);
      this.diagnostics.problems.push({ path: place.path, at: 'key', causes: [problem], position });
    }
    this.refused.add(key);
    return [];
  }

  /** `!!set { a, b }`: the keys are members of any kind. */
  private setOf(node: YamlMapping, place: ConfigCursor): unknown {
    const values = this.members.of(node).pairs.map(([key, value], index) => {
      if (resolved(key)?.kind !== 'scalar') return this.refuseKey(key, place, 'a member of a set must be one text.');
      this.valueOf(value, place.at(index), key.start);
      return this.valueOf(key, place.at(index), key.start);
    });
    return new Set(values);
  }
}

interface Member {
  readonly name: string;
  readonly value: unknown;
}

function keyOf(path: ConfigPath): string {
  return JSON.stringify(path);
}

function defaultText(node: YamlNode): string | undefined {
  const content = resolved(node);
  if (content?.kind === 'scalar') return content.text;
  const pair =
    content?.kind === 'mapping' ? content.pairs.find(([key]) => resolved(key)?.tag === TAG.value) : undefined;
  return pair === undefined ? undefined : defaultText(pair[1]);
}
