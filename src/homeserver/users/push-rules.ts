import { Codes } from '../../errors/matrix-codes.js';
import { HostError } from '../../errors/host-error.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import { parseStoredArray, parseStoredObject } from '../../matrix/stored-json.js';
import type { HomeserverContext } from '../runtime/context.js';
import { pythonRepr } from '../parity/python-repr.js';
import { BoundedCache } from '../store/database/bounded-cache.js';
import type { PushRuleStore, StoredPushRule } from '../store/push-rule-store.js';
import { defaultPushRules, type DefaultPushRule, type PushAction, type PushRuleKind } from './default-push-rules.js';

/** The kinds as clients get them: Synapse's own `postcontent` is always empty here. */
const kinds: readonly (PushRuleKind | 'postcontent')[] = [
  'underride',
  'sender',
  'room',
  'postcontent',
  'content',
  'override',
];

/** Synapse's numbers of the kinds: the greater, the earlier a rule is matched (`push/rulekinds.py`). */
const priorityClasses: Readonly<Record<PushRuleKind, number>> = {
  underride: 1,
  sender: 2,
  room: 3,
  content: 4,
  override: 5,
};

const maxRuleCount = 10_000;
const maxRuleIdLength = 300;
const maxRuleSize = 1024;

/** A rule as somebody wants it. */
export interface NewPushRule {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly conditions: readonly JsonValue[];
  readonly actions: readonly PushAction[];
  /** It shall be matched just before this rule of the user, of the same kind. */
  readonly before?: string | undefined;
  /** It shall be matched just after this rule of the user, of the same kind. */
  readonly after?: string | undefined;
}

interface Rule {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly conditions: readonly JsonValue[];
  readonly actions: readonly JsonValue[];
  readonly isDefault: boolean;
  readonly isEnabled: boolean;
}

/** Push rules of users (`handlers/push_rules.py`, `storage/databases/main/push_rule.py`). */
export class PushRules {
  /** Every message asks for the rules of everybody in the room. */
  private readonly known = new BoundedCache<UserId, JsonObject>(1000);
  private readonly former = new BoundedCache<string, JsonObject>(200);

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: PushRuleStore,
  ) {}

  /** The rules as clients get them: `{global: {kind: [rule, ...]}}`. */
  forUser(userId: UserId): JsonObject {
    let known = this.known.get(userId);
    if (known === undefined) {
      const rules = this.rulesOf(userId);
      const global = kinds.map((kind) => [kind, rules.filter((rule) => rule.kind === kind).map(describe)] as const);
      this.known.set(userId, (known = { global: Object.fromEntries(global) }));
    }
    return known;
  }

  /** The rules that a user had at a position of the stream, as clients got them then. */
  at(userId: UserId, position: number): JsonObject {
    if (this.store.positionOf(userId) <= position) return this.forUser(userId);
    const found = this.store.formerAt(userId, position);
    if (found === undefined) return this.forUser(userId);
    const key = `${userId}|${String(found.until)}`;
    let rules = this.former.get(key);
    if (rules === undefined) this.former.set(key, (rules = parseStoredObject(found.rules)));
    return rules;
  }

  /** Whether the rules changed after a position; everybody's rules are new to a client that has seen nothing (-1). */
  changedAfter(userId: UserId, position: number): boolean {
    return position < 0 || this.store.positionOf(userId) > position;
  }

  /** Adds a rule, or replaces the one of its name. */
  set(userId: UserId, rule: NewPushRule): void {
    const conditions = JSON.stringify(rule.conditions);
    const actions = JSON.stringify(rule.actions);
    checkSize(rule, conditions, actions);
    const rules = this.store.ofUser(userId);
    const ruleId = idOf(rule.kind, rule.ruleId);
    const isKnown = rules.some((other) => other.ruleId === ruleId);
    if (!isKnown && rules.length >= maxRuleCount) {
      throw new SynapseError(
        400,
        `Creating a push rule would exceed the limit on the number of push rules associated with your account (${rules.length + 1} rules > ${maxRuleCount} rules)`,
      );
    }
    const priorityClass = priorityClasses[rule.kind];
    const { priority, isInserted } = placeOf(rule, rules);
    this.change(userId, () => {
      this.store.save(userId, { ruleId, priorityClass, priority, conditions, actions }, { isInserted });
    });
  }

  /** Removes a rule of the user; whether there was one. */
  delete(userId: UserId, kind: string, ruleId: string): boolean {
    return this.change(userId, () => this.store.delete(userId, idOf(kind, ruleId)));
  }

  /** Switches a rule on or off; `RuleNotFoundException` when there is none. */
  setEnabled(userId: UserId, kind: string, ruleId: string, isEnabled: boolean): void {
    this.checkKnown(userId, kind, ruleId);
    this.change(userId, () => {
      this.store.saveEnabled(userId, idOf(kind, ruleId), isEnabled);
    });
  }

  /** Sets the actions of a rule; `RuleNotFoundException` when there is none, `InvalidRuleException` when they are none. */
  setActions(userId: UserId, kind: string, ruleId: string, actions: unknown): void {
    const checked = parseActions(actions);
    this.checkKnown(userId, kind, ruleId, 'Push rule does not exist');
    this.change(userId, () => {
      this.store.saveActions(userId, idOf(kind, ruleId), JSON.stringify(checked));
    });
  }

  /** Gives a new room the rules that name the room it replaces. */
  copyForRoom(userId: UserId, from: RoomId, to: RoomId): void {
    const names = (condition: JsonValue, roomId: RoomId): boolean =>
      isJsonObject(condition) && condition['key'] === 'room_id' && condition['pattern'] === roomId;
    for (const { kind, conditions, actions, isEnabled } of this.rulesOf(userId)) {
      if (!isEnabled || !conditions.some((condition) => names(condition, from))) continue;
      const changed = conditions.map((condition) =>
        isJsonObject(condition) && condition['key'] === 'room_id' ? { ...condition, pattern: to } : condition,
      );
      this.set(userId, { kind, ruleId: to, conditions: changed, actions: actions as readonly PushAction[] });
    }
  }

  private checkKnown(userId: UserId, kind: string, ruleId: string, missing = 'Push rule does not exist.'): void {
    if (ruleId.startsWith('.')) {
      if (defaultPushRules(userId).some((rule) => rule.kind === kind && rule.ruleId === ruleId)) return;
      throw new HostError('RuleNotFoundException', `Unknown rule '${idOf(kind, ruleId)}'`);
    }
    if (this.store.ofUser(userId).some((rule) => rule.ruleId === idOf(kind, ruleId))) return;
    throw new HostError('RuleNotFoundException', missing);
  }

  /** Changes the rules, keeping those of before for what was sent until now. Whether there was a change: the work gives false for none. */
  private change(userId: UserId, work: () => unknown): boolean {
    const before = JSON.stringify(this.forUser(userId));
    const isChanged = this.context.database.transaction(() => {
      if (work() === false) return false;
      this.store.setPosition(userId, this.context.stream.next(), before);
      return true;
    });
    if (!isChanged) return false;
    this.known.delete(userId);
    this.context.notifier.notify({ users: [userId] });
    return true;
  }

  /** All rules in the order of matching: within a kind the user's own come first, behind `.m.rule.master`. */
  private rulesOf(userId: UserId): readonly Rule[] {
    const stored = this.store.ofUser(userId);
    const enabled = this.store.enabledOf(userId);
    const defaults = defaultPushRules(userId).map((rule) => {
      const actions = stored.find((other) => other.ruleId === idOf(rule.kind, rule.ruleId))?.actions;
      return {
        ...withoutEnabled(rule),
        actions: actions === undefined ? rule.actions : parseStoredArray(actions),
        isDefault: true,
        isEnabled: enabled.get(idOf(rule.kind, rule.ruleId)) ?? rule.isEnabled,
      };
    });
    const own = stored
      .filter((rule) => rule.priorityClass > 0)
      .map((rule) => ({
        ...nameOf(rule.ruleId),
        conditions: parseStoredArray(rule.conditions),
        actions: parseStoredArray(rule.actions),
        isDefault: false,
        isEnabled: enabled.get(rule.ruleId) ?? true,
      }));
    const [master, ...others] = defaults;
    return [...(master === undefined ? [] : [master]), ...own, ...others];
  }
}

/** Actions, or `InvalidRuleException` (`handlers/push_rules.py: check_actions`). */
export function parseActions(actions: unknown): readonly PushAction[] {
  if (!Array.isArray(actions)) throw new HostError('InvalidRuleException', 'No actions found');
  for (const action of actions as readonly unknown[]) {
    const isKnown = action === 'notify' || action === 'dont_notify' || action === 'coalesce';
    if (isKnown || (isJsonObject(action) && 'set_tweak' in action)) continue;
    const shown = typeof action === 'string' ? action : pythonRepr(action as JsonValue);
    throw new HostError('InvalidRuleException', `Unrecognised action ${shown}`);
  }
  return actions as readonly PushAction[];
}

function idOf(kind: string, ruleId: string): string {
  return `global/${kind}/${ruleId}`;
}

function nameOf(id: string): Pick<Rule, 'kind' | 'ruleId'> {
  const [, kind, ...rest] = id.split('/');
  return { kind: kind as PushRuleKind, ruleId: rest.join('/') };
}

function withoutEnabled({ kind, ruleId, conditions }: DefaultPushRule): Pick<Rule, 'kind' | 'ruleId' | 'conditions'> {
  return { kind, ruleId, conditions };
}

function checkSize(rule: NewPushRule, conditions: string, actions: string): void {
  const idLength = Buffer.byteLength(idOf(rule.kind, rule.ruleId));
  if (idLength > maxRuleIdLength) {
    throw new SynapseError(
      413,
      `Push rule ID length exceeds server limit (${idLength} bytes > ${maxRuleIdLength} bytes).`,
    );
  }
  const size = Buffer.byteLength(conditions) + Buffer.byteLength(actions);
  if (size > maxRuleSize) {
    throw new SynapseError(413, `Push rule size exceeds server limit (${size} bytes > ${maxRuleSize} bytes).`);
  }
}

/** Where a rule goes among the user's rules of its kind: first, unless it says otherwise. */
function placeOf(
  rule: NewPushRule,
  rules: readonly StoredPushRule[],
): { readonly priority: number; readonly isInserted: boolean } {
  const ofKind = rules.filter((other) => other.priorityClass === priorityClasses[rule.kind]);
  const neighbour = rule.before ?? rule.after;
  if (neighbour === undefined) {
    return { priority: Math.max(-1, ...ofKind.map((other) => other.priority)) + 1, isInserted: false };
  }
  const found = ofKind.find((other) => other.ruleId === idOf(rule.kind, neighbour));
  if (found === undefined) {
    throw new SynapseError(400, `before/after rule not found: ${idOf(rule.kind, neighbour)}`);
  }
  return { priority: rule.before === undefined ? found.priority : found.priority + 1, isInserted: true };
}

function describe(rule: Rule): JsonObject {
  const { kind, ruleId, conditions, actions, isDefault, isEnabled } = rule;
  const [condition] = conditions;
  const pattern = isJsonObject(condition) ? condition['pattern'] : undefined;
  return {
    ...(kind === 'override' || kind === 'underride' ? { conditions } : {}),
    actions,
    rule_id: ruleId,
    default: isDefault,
    ...(kind === 'content' && pattern !== undefined ? { pattern } : {}),
    enabled: isEnabled,
  };
}

/** The kinds that rules can be made of. */
export function parsePushRuleKind(kind: string): PushRuleKind {
  if (kind === 'postcontent') {
    const message = 'user-defined rules using `postcontent` are not accepted';
    throw new SynapseError(400, message, Codes.INVALID_PARAM);
  }
  if (!(kinds as readonly string[]).includes(kind)) throw new SynapseError(400, `Unknown template: ${kind}`);
  return kind as PushRuleKind;
}
