import { HostError } from '../../../errors/host-error.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import { parseJson } from '../../../matrix/untrusted-json.js';
import { NotFoundError, UnrecognizedRequestError } from '../../parity/synapse-errors.js';
import type { PushRuleKind } from '../../users/default-push-rules.js';
import { type NewPushRule, parseActions, parsePushRuleKind, type PushRules } from '../../users/push-rules.js';
import { queryString } from '../server/query.js';
import { type Answer, type Call, clientPaths, JsonAnswer, oldestVersions, type Route } from '../server/route.js';

interface UserParts {
  readonly pushRules: PushRules;
}

const names = ['scope', 'kind', 'ruleId', 'attribute', 'rest'];
/** Paths of one to five segments: with a slash at the end the last of them is empty. */
const paths = names.flatMap((_, index) =>
  clientPaths(`/pushrules/:${names.slice(0, index + 1).join('/:')}`, oldestVersions),
);

const missingSlash = 'Unrecognised request: You probably wanted a trailing slash';

interface RuleSpec {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly attribute: string | undefined;
}

/** Push rules (`rest/client/push_rule.py`). */
export function pushRuleRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths,
      handle: async (call) => {
        const { userId } = await call.requester();
        return pick(users.pushRules.forUser(userId), segmentsOf(call));
      },
    },
    {
      method: 'PUT',
      paths,
      handle: async (call) => {
        const { userId } = await call.requester();
        const spec = parseSpec(segmentsOf(call));
        if (/[/\\]/.test(spec.ruleId)) throw new SynapseError(400, 'rule_id may not contain slashes');
        const content = parseJson(await call.bytes());
        if (spec.attribute !== undefined) setAttribute(users.pushRules, userId, spec, content);
        else users.pushRules.set(userId, parseRule(spec, content, call));
        return {};
      },
    },
    {
      method: 'DELETE',
      paths,
      handle: async (call) => {
        const { userId } = await call.requester();
        const { kind, ruleId } = parsePath(segmentsOf(call));
        if (!users.pushRules.delete(userId, kind, ruleId)) throw new NotFoundError();
        return {};
      },
    },
  ];
}

/** The part of the rules that a path names. */
function pick(rules: JsonObject, [scope = '', kind, ruleId, attribute]: readonly string[]): Answer {
  if (scope === '') return rules;
  if (scope !== 'global') throw new UnrecognizedRequestError();
  if (kind === undefined) throw new UnrecognizedRequestError(missingSlash);
  const ruleset = isJsonObject(rules['global']) ? rules['global'] : {};
  if (kind === '') return ruleset;
  if (!Object.hasOwn(ruleset, kind)) throw new UnrecognizedRequestError();
  const ofKind = itemsOf(ruleset[kind]).filter(isJsonObject);
  if (ruleId === undefined) throw new UnrecognizedRequestError(missingSlash);
  return ruleId === '' ? new JsonAnswer(200, ofKind) : pickRule(ofKind, ruleId, attribute);
}

/** One rule, or one attribute of it. */
function pickRule(rules: readonly JsonObject[], ruleId: string, attribute: string | undefined): Answer {
  const rule = rules.find((each) => each['rule_id'] === ruleId);
  if (rule === undefined) throw new NotFoundError();
  if (attribute === undefined) return rule;
  const value = Object.hasOwn(rule, attribute) ? rule[attribute] : undefined;
  if (value === undefined) throw new UnrecognizedRequestError();
  return { [attribute]: value };
}

function segmentsOf(call: Call): readonly string[] {
  // Synapse decodes the path before it takes it apart, so that an encoded slash separates, too.
  return names
    .flatMap((name) => call.params[name] ?? [])
    .join('/')
    .split('/');
}

function parseSpec(segments: readonly string[]): RuleSpec {
  const { kind, ruleId, attribute } = parsePath(segments);
  return { kind: parsePushRuleKind(kind), ruleId, attribute: attribute === '' ? undefined : attribute };
}

function parsePath([scope, kind, ruleId, attribute]: readonly string[]): {
  readonly kind: string;
  readonly ruleId: string;
  readonly attribute: string | undefined;
} {
  if (scope !== 'global' || kind === undefined || ruleId === undefined || ruleId === '') {
    throw new UnrecognizedRequestError();
  }
  return { kind, ruleId, attribute };
}

function setAttribute(rules: PushRules, userId: UserId, spec: RuleSpec, content: JsonValue): void {
  const { kind, ruleId, attribute } = spec;
  try {
    if (attribute === 'enabled') rules.setEnabled(userId, kind, ruleId, parseEnabled(content));
    else if (attribute === 'actions') rules.setActions(userId, kind, ruleId, parseActionsMember(content));
    else throw new UnrecognizedRequestError();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (error.type === 'RuleNotFoundException') throw new NotFoundError('Unknown rule');
    throw new SynapseError(400, `Invalid actions: ${error.message}`);
  }
}

function parseEnabled(content: JsonValue): boolean {
  const value = isJsonObject(content) && 'enabled' in content ? content['enabled'] : content;
  if (typeof value === 'boolean') return value;
  throw new SynapseError(400, "Value for 'enabled' must be boolean");
}

function parseActionsMember(content: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(content)) throw new SynapseError(400, 'Value must be a dict');
  const { actions } = content;
  if (!Array.isArray(actions)) throw new SynapseError(400, "Value for 'actions' must be dict");
  return actions as readonly JsonValue[];
}

function parseRule({ kind, ruleId }: RuleSpec, content: JsonValue, call: Call): NewPushRule {
  if (ruleId.startsWith('.')) throw new SynapseError(400, "cannot add new rule_ids that start with '.'");
  const body = isJsonObject(content) ? content : {};
  const conditions = parseConditions(kind, ruleId, body);
  if (!('actions' in body)) throw new SynapseError(400, 'No actions found');
  let actions;
  try {
    actions = parseActions(body['actions']);
  } catch (error) {
    if (error instanceof HostError) throw new SynapseError(400, error.message);
    throw error;
  }
  const before = queryString(call.query, 'before', { encoding: 'utf-8' });
  const after = queryString(call.query, 'after', { encoding: 'utf-8' });
  return { kind, ruleId, conditions, actions, before: before || undefined, after: after || undefined };
}

function parseConditions(kind: PushRuleKind, ruleId: string, body: JsonObject): readonly JsonValue[] {
  const matches = (key: string, pattern: string): JsonObject => ({ kind: 'event_match', key, pattern });
  if (kind === 'room') return [matches('room_id', ruleId)];
  if (kind === 'sender') return [matches('user_id', ruleId)];
  if (kind === 'content') {
    const { pattern } = body;
    if (typeof pattern !== 'string') throw new SynapseError(400, "Content rule missing 'pattern'");
    return [matches('content.body', pattern)];
  }
  const { conditions } = body;
  if (!Array.isArray(conditions)) throw new SynapseError(400, "Missing 'conditions'");
  const items = conditions as readonly JsonValue[];
  if (!items.every((item) => isJsonObject(item) && 'kind' in item)) {
    throw new SynapseError(400, "Condition without 'kind'");
  }
  return items;
}
