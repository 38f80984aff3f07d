import type { YamlMapping, YamlNode, YamlPair } from './yaml-nodes.js';
import { scalarValue, ScalarFault, TAG } from './yaml-scalars.js';

/** The name that a key is, or what is wrong with it. */
export type KeyName = { readonly name: string; readonly fault?: string };

/**
 * A key as a name. A key that is not a string is its text only where Synapse's JSON has the same text for it; `yes` would be
 * "yes" here and "true" there.
 */
export function keyName(key: YamlNode): KeyName {
  const node = resolved(key);
  if (node?.kind !== 'scalar') return { name: '?', fault: 'a key must be one text. Write "key: value".' };
  const { text: name, tag } = node;
  if (name === '__proto__') return { name, fault: 'the key "__proto__" is not allowed. Rename it.' };
  if (tag === TAG.str || tag === TAG.value) return { name };
  const value = scalarValue(tag, name);
  if (isSameInJson(tag, name)) return { name };
  if (value instanceof ScalarFault && tag !== TAG.int) return { name, fault: value.message };
  return {
    name,
    fault: `the key ${name === '' ? 'is empty, it' : name} is ${KINDS[tag] ?? 'a value'} in YAML. Write it in quotes: "${name}".`,
  };
}

const KINDS: Readonly<Record<string, string>> = {
  [TAG.null]: 'null',
  [TAG.bool]: 'true or false',
  [TAG.int]: 'a number',
  [TAG.float]: 'a number',
  [TAG.timestamp]: 'a date',
};

function isSameInJson(tag: string, text: string): boolean {
  if (tag === TAG.bool) return text === 'true' || text === 'false';
  if (tag === TAG.null) return text === 'null';
  if (tag === TAG.int) return /^(?:0|-?[1-9][0-9]*)$/.test(text);
  return tag === TAG.float && /^-?(?:0|[1-9][0-9]{0,14})\.(?:[0-9]{0,8}[1-9]|0)$/.test(text) && isShortest(text);
}

function isShortest(text: string): boolean {
  const shortest = String(Number(text));
  return text === shortest || text === `${shortest}.0`;
}

/** What an alias stands for; undefined when it stands for nothing. */
export function resolved(node: YamlNode): Exclude<YamlNode, { readonly kind: 'alias' }> | undefined {
  return node.kind === 'alias' ? node.target && resolved(node.target) : node;
}

/** The members of a mapping with those that `<<` brings, or the value of a `<<` that brings nothing. */
export type Members = {
  readonly pairs: readonly YamlPair[];
  readonly own: ReadonlySet<YamlPair>;
  readonly faulty: readonly YamlNode[];
};

/** Puts the members that `<<: *base` or `<<: [*one, *two]` brings before those of the mapping itself, as PyYAML does. */
export class MergedMembers {
  private readonly known = new Map<YamlMapping, Members>();

  of(mapping: YamlMapping): Members {
    const known = this.known.get(mapping);
    if (known !== undefined) return known;
    // A mapping that merges itself brings nothing.
    this.known.set(mapping, {
      pairs: [],
      own: new Set(),
      faulty: mapping.pairs.filter(isMerge).map(([, value]) => value),
    });
    const own = mapping.pairs.filter((pair) => !isMerge(pair));
    const merged = new Map<unknown, YamlPair>();
    const faulty: YamlNode[] = [];
    for (const [, value] of mapping.pairs.filter(isMerge)) {
      for (const base of basesOf(value)) {
        if (base === undefined || base === mapping) {
          faulty.push(value);
          continue;
        }
        for (const pair of this.of(base).pairs) {
          const identity = identityOf(pair[0]);
          if (!merged.has(identity)) merged.set(identity, pair);
        }
      }
    }
    const members = { pairs: [...merged.values(), ...own], own: new Set(own), faulty };
    this.known.set(mapping, members);
    return members;
  }
}

function isMerge([key]: YamlPair): boolean {
  return resolved(key)?.tag === TAG.merge;
}

function basesOf(value: YamlNode): readonly (YamlMapping | undefined)[] {
  const node = resolved(value);
  if (node?.kind === 'mapping') return [node];
  if (node?.kind !== 'sequence') return [undefined];
  return node.items.map((item) => {
    const base = resolved(item);
    return base?.kind === 'mapping' ? base : undefined;
  });
}

/**
 * Of several bases with the same key PyYAML takes the last one, but the first one when the text is the same object in Python's
 * memory, and texts of one character (up to U+00FF) always are.
 */
function identityOf(key: YamlNode): unknown {
  const node = resolved(key);
  return node?.kind === 'scalar' && /^[\0-\xff]?$/.test(node.text) ? node.text : node;
}
