import type { RoomId } from '../../matrix/ids.js';
import { isJsonArray, isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { BoundedCache } from '../store/database/bounded-cache.js';

/** What rules are asked about an event. */
export interface PushFacts {
  /** The event as its members are named in conditions. */
  readonly event: JsonObject;
  readonly roomId: RoomId;
  readonly sender: string;
  /** The user's name in the room. */
  readonly displayName: string | undefined;
  readonly memberCount: () => number;
  /** Whether the sender may notify the whole room (`room`, ...). */
  readonly senderMayNotify: (key: string) => boolean;
}

/** What rules make of an event. */
export interface PushVerdict {
  /** The actions of the rule that matches, as its owner wrote them. */
  readonly actions: readonly JsonValue[];
  readonly isNotified: boolean;
  readonly isHighlighted: boolean;
}

type Members = ReadonlyMap<string, JsonValue>;

/** Whether a condition holds for an event with these members. */
type Test = (facts: PushFacts, members: Members) => boolean;

interface CompiledRule {
  readonly tests: readonly Test[];
  readonly verdict: PushVerdict;
}

const KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
/** No rule matches, or none is asked. */
export const SILENT: PushVerdict = { actions: [], isNotified: false, isHighlighted: false };

/** Rules are compiled once, while somebody keeps them. */
const compiledRules = new WeakMap<JsonObject, readonly CompiledRule[]>();
/** The same event is asked about once for each user of the room, right after the other. */
const flattened = new BoundedCache<JsonObject, Members>(50);
/** Users are asked about again and again under the same names. */
const namePatterns = new BoundedCache<string, RegExp>(1000);

/** Applies push rules, as clients get them, to an event (`synapse/push`). The first rule that matches counts. */
export function evaluatePushRules(rules: JsonObject, facts: PushFacts): PushVerdict {
  const members = membersOf(facts.event);
  const matching = compiled(rules).find(({ tests }) => tests.every((test) => test(facts, members)));
  return matching?.verdict ?? SILENT;
}

function compiled(rules: JsonObject): readonly CompiledRule[] {
  let list = compiledRules.get(rules);
  if (list === undefined) compiledRules.set(rules, (list = compile(rules)));
  return list;
}

function compile(rules: JsonObject): readonly CompiledRule[] {
  const ruleset = isJsonObject(rules['global']) ? rules['global'] : {};
  return KINDS.flatMap((kind) => {
    const ofKind = ruleset[kind];
    return itemsOf(ofKind)
      .filter(isJsonObject)
      .filter((rule) => rule['enabled'] === true)
      .flatMap((rule) => compileRule(kind, rule) ?? []);
  });
}

/** undefined: it matches nothing. */
function compileRule(kind: (typeof KINDS)[number], rule: JsonObject): CompiledRule | undefined {
  const tests = testsOf(kind, rule);
  const isPossible = tests.every((test) => test !== undefined);
  return isPossible ? { tests, verdict: verdictOf(rule['actions']) } : undefined;
}

function testsOf(kind: (typeof KINDS)[number], rule: JsonObject): readonly (Test | undefined)[] {
  const { rule_id: id, conditions, pattern } = rule;
  if (kind === 'room') return [({ roomId }) => roomId === id];
  if (kind === 'sender') return [({ sender }) => sender === id];
  if (kind === 'content') return [compileCondition({ kind: 'event_match', key: 'content.body', pattern })];
  return isJsonArray(conditions) ? conditions.map(compileCondition) : [undefined];
}

function compileCondition(condition: JsonValue): Test | undefined {
  if (!isJsonObject(condition) || typeof condition['kind'] !== 'string') return undefined;
  return conditionKinds.get(condition['kind'])?.(condition);
}

/** Each makes a test of a condition; undefined: it never holds. */
const conditionKinds: ReadonlyMap<string, (condition: JsonObject) => Test | undefined> = new Map<
  string,
  (condition: JsonObject) => Test | undefined
>([
  [
    'event_match',
    ({ key, pattern }) => {
      if (typeof key !== 'string' || typeof pattern !== 'string') return undefined;
      const glob = key === 'content.body' ? globInWords(pattern) : wholeGlob(pattern);
      return (_facts, members) => {
        const value = members.get(key);
        return typeof value === 'string' && glob.test(value);
      };
    },
  ],
  [
    'event_property_is',
    ({ key, value }) => (typeof key === 'string' ? (_facts, members) => members.get(key) === value : undefined),
  ],
  [
    'event_property_contains',
    ({ key, value }) => {
      if (typeof key !== 'string' || value === undefined) return undefined;
      return (_facts, members) => {
        const list = members.get(key);
        return Array.isArray(list) && list.includes(value);
      };
    },
  ],
  [
    'contains_display_name',
    () =>
      ({ displayName }, members) => {
        const body = members.get('content.body');
        if (displayName === undefined || displayName === '' || typeof body !== 'string') return false;
        return namePattern(displayName).test(body);
      },
  ],
  [
    'room_member_count',
    ({ is }) => {
      const [, operator = '', digits] = typeof is === 'string' ? (/^(==|<=|>=|<|>)?(\d+)$/.exec(is) ?? []) : [];
      if (digits === undefined) return undefined;
      return ({ memberCount }) => compare(memberCount(), operator, Number(digits));
    },
  ],
  [
    'sender_notification_permission',
    ({ key }) => (typeof key === 'string' ? ({ senderMayNotify }) => senderMayNotify(key) : undefined),
  ],
]);

function namePattern(displayName: string): RegExp {
  let pattern = namePatterns.get(displayName);
  if (pattern === undefined) namePatterns.set(displayName, (pattern = inWords(escapePattern(displayName))));
  return pattern;
}

function compare(count: number, operator: string, wanted: number): boolean {
  switch (operator) {
    case '<':
      return count < wanted;
    case '>':
      return count > wanted;
    case '<=':
      return count <= wanted;
    case '>=':
      return count >= wanted;
    default:
      return count === wanted;
  }
}

function verdictOf(actions: JsonValue | undefined): PushVerdict {
  const list = itemsOf(actions);
  const isHighlighted = list.some(
    (action) => isJsonObject(action) && action['set_tweak'] === 'highlight' && action['value'] !== false,
  );
  return { actions: list, isNotified: list.includes('notify'), isHighlighted };
}

function membersOf(event: JsonObject): Members {
  let members = flattened.get(event);
  if (members === undefined) flattened.set(event, (members = flatten(event)));
  return members;
}

/** The members of an event by path; a dot or backslash in a name is escaped. Lists are kept whole. */
function flatten(value: JsonObject, prefix = '', members = new Map<string, JsonValue>()): Map<string, JsonValue> {
  for (const [name, member] of Object.entries(value)) {
    const key = prefix + name.replace(/[\\.]/g, '\\$&');
    if (isJsonObject(member)) flatten(member, `${key}.`, members);
    else if (member !== undefined) members.set(key, member);
  }
  return members;
}

function wholeGlob(pattern: string): RegExp {
  return new RegExp(`^${globSource(pattern)}$`, 'isu');
}

function globInWords(pattern: string): RegExp {
  return inWords(globSource(pattern));
}

function inWords(source: string): RegExp {
  return new RegExp(`(?:^|[^\\p{L}\\p{N}_])${source}(?:$|[^\\p{L}\\p{N}_])`, 'isu');
}

/** `*` is any text, `?` one character; stars in a row are one. */
function globSource(pattern: string): string {
  return escapePattern(pattern)
    .replace(/(?:\\\*)+/g, '.*')
    .replaceAll('\\?', '.');
}

function escapePattern(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');
}
