import type { RoomId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';

/** What rules are asked about an event. */
export interface PushFacts {
  /** The event as its members are named in conditions. */
  readonly event: JsonObject;
  readonly roomId: RoomId;
  readonly sender: string;
  /** The user's name in the room. */
  readonly displayName: string | undefined;
  readonly memberCount: number;
  /** Whether the sender may notify the whole room (`room`, ...). */
  readonly senderMayNotify: (key: string) => boolean;
}

/** What rules make of an event. */
export interface PushVerdict {
  readonly isNotified: boolean;
  readonly isHighlighted: boolean;
}

type Matcher = (condition: JsonObject, facts: PushFacts, members: ReadonlyMap<string, JsonValue>) => boolean;

const KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
const SILENT: PushVerdict = { isNotified: false, isHighlighted: false };

/** Applies push rules, as clients get them, to an event (`synapse/push`). The first rule that matches counts. */
export function evaluatePushRules(rules: JsonObject, facts: PushFacts): PushVerdict {
  const members = flatten(facts.event);
  const ruleset = isJsonObject(rules['global']) ? rules['global'] : {};
  for (const kind of KINDS) {
    const ofKind = ruleset[kind];
    for (const rule of Array.isArray(ofKind) ? (ofKind as readonly JsonValue[]) : []) {
      if (isJsonObject(rule) && rule['enabled'] === true && matchesRule(kind, rule, facts, members)) {
        return verdictOf(rule['actions']);
      }
    }
  }
  return SILENT;
}

function matchesRule(
  kind: (typeof KINDS)[number],
  rule: JsonObject,
  facts: PushFacts,
  members: ReadonlyMap<string, JsonValue>,
): boolean {
  if (kind === 'room') return rule['rule_id'] === facts.roomId;
  if (kind === 'sender') return rule['rule_id'] === facts.sender;
  const body = { kind: 'event_match', key: 'content.body', pattern: rule['pattern'] };
  const conditions = kind === 'content' ? [body] : rule['conditions'];
  if (!Array.isArray(conditions)) return false;
  return (conditions as readonly JsonValue[]).every((condition) => {
    if (!isJsonObject(condition) || typeof condition['kind'] !== 'string') return false;
    return matchers.get(condition['kind'])?.(condition, facts, members) === true;
  });
}

const matchers: ReadonlyMap<string, Matcher> = new Map<string, Matcher>([
  [
    'event_match',
    ({ key, pattern }, _facts, members) => {
      const value = typeof key === 'string' ? members.get(key) : undefined;
      if (typeof value !== 'string' || typeof pattern !== 'string') return false;
      return key === 'content.body' ? globInWords(pattern).test(value) : wholeGlob(pattern).test(value);
    },
  ],
  ['event_property_is', ({ key, value }, _facts, members) => typeof key === 'string' && members.get(key) === value],
  [
    'event_property_contains',
    ({ key, value }, _facts, members) => {
      const list = typeof key === 'string' ? members.get(key) : undefined;
      return Array.isArray(list) && value !== undefined && list.includes(value);
    },
  ],
  [
    'contains_display_name',
    (_condition, { displayName }, members) => {
      const body = members.get('content.body');
      if (displayName === undefined || displayName === '' || typeof body !== 'string') return false;
      return inWords(escapePattern(displayName)).test(body);
    },
  ],
  [
    'room_member_count',
    ({ is }, { memberCount }) => {
      const [, operator = '', digits] = typeof is === 'string' ? (/^(==|<=|>=|<|>)?(\d+)$/.exec(is) ?? []) : [];
      return digits !== undefined && compare(memberCount, operator, Number(digits));
    },
  ],
  ['sender_notification_permission', ({ key }, { senderMayNotify }) => typeof key === 'string' && senderMayNotify(key)],
]);

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
  const list = Array.isArray(actions) ? (actions as readonly JsonValue[]) : [];
  const isHighlighted = list.some(
    (action) => isJsonObject(action) && action['set_tweak'] === 'highlight' && action['value'] !== false,
  );
  return { isNotified: list.includes('notify'), isHighlighted };
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
