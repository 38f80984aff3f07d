import type { CallbackMode, CallbackOptions, FailureAction } from '../callbacks/callback-options.js';
import { type AnyHandler, argumentNames, type Rule } from '../callbacks/rule.js';
import { VesicleError } from '../errors/vesicle-error.js';
import { didYouMean } from '../errors/nearest-name.js';
import { isJsonObject } from '../matrix/json.js';
import type { When } from '../callbacks/when.js';
import { type Subject, subjectOf } from './subject.js';
import { compileWhen, type Filter } from './when.js';

/** The options of one callback, checked and ready. */
export interface Policy {
  readonly mode: CallbackMode;
  readonly filter?: Filter;
  /** What the filter was made of. */
  readonly when?: When;
  readonly timeout?: number;
  readonly onFailure?: FailureByOrigin;
}

/** What a failure means, by whose action it is. */
export interface FailureByOrigin {
  readonly local: FailureAction;
  readonly federated: FailureAction;
}

/** What a failure of a gate means when nobody says: a federated event wrongly refused cannot be got back. */
const gateOnFailure: FailureByOrigin = { local: 'error', federated: 'allow' };
const otherOnFailure: FailureByOrigin = { local: 'error', federated: 'error' };

/** What a failure of a callback means. */
export function onFailureOf(
  { onFailure }: Policy,
  rule: Pick<Rule<AnyHandler, unknown>, 'refusal' | 'onFailure'>,
): FailureByOrigin {
  if (onFailure !== undefined) return onFailure;
  if (rule.onFailure !== undefined) return { local: rule.onFailure, federated: rule.onFailure };
  return rule.refusal === undefined ? otherOnFailure : gateOnFailure;
}

/** Unhurried, unfiltered, enforced: what a callback without options has. */
export const plainPolicy: Policy = { mode: 'enforce' };

const optionNames = ['when', 'timeout', 'onFailure', 'mode'];

/** Whether a value is a {@link CallbackMode}. */
export function isMode(value: unknown): boolean {
  return value === 'enforce' || value === 'audit' || value === 'off';
}

/** Whether a value is a time that a callback may take. */
export function isTimeout(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

/** Whether a value is a failure policy. */
export function isFailurePolicy(value: unknown): boolean {
  const { local, federated } = isJsonObject(value) ? value : { local: value, federated: value };
  return isAction(local) && isAction(federated);
}

function isAction(value: unknown): boolean {
  return value === 'allow' || value === 'deny' || value === 'error';
}

/** Checks the options of a callback; every mistake goes to one error that starts with `where`. */
export function compilePolicy(
  options: CallbackOptions | undefined,
  rule: Rule<AnyHandler, unknown>,
  subject: Subject,
  isLocal: (userId: unknown) => boolean,
  where: string,
): Policy {
  if (options === undefined || Object.values(options).every((value) => value === undefined)) return plainPolicy;
  const problems: string[] = [];
  const report = (problem: string): void => {
    problems.push(problem);
  };
  const { mode = 'enforce', timeout, when } = options;
  checkPlainOptions(options, report);
  const onFailure = parseOnFailure(options.onFailure, rule, report);
  const filter = when === undefined ? undefined : compileWhen(when, subject, isLocal, report);
  if (problems.length > 0) throw new VesicleError('CALLBACK_OPTION_INVALID', { where, problem: problems.join('; ') });
  return {
    mode,
    ...(filter && when && { filter, when }),
    ...(timeout !== undefined && { timeout }),
    ...(onFailure && { onFailure }),
  };
}

/** What is wrong with the options of a callback, or undefined. */
export function checkCallbackOptions(
  rule: Rule<AnyHandler, unknown>,
  options: CallbackOptions,
  where: string,
): VesicleError | undefined {
  try {
    compilePolicy(options, rule, subjectOf(argumentNames(rule)), () => true, where);
    return undefined;
  } catch (error) {
    if (error instanceof VesicleError) return error;
    throw error;
  }
}

function checkPlainOptions(options: CallbackOptions, report: (problem: string) => void): void {
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name)) report(`there is no option "${name}".${didYouMean(name, optionNames)}`);
  }
  const { mode = 'enforce', timeout = 1 }: { mode?: unknown; timeout?: unknown } = options;
  if (!isMode(mode)) report('mode must be "enforce", "audit" or "off"');
  if (!isTimeout(timeout)) report('timeout must be a number of milliseconds above 0');
}

function parseOnFailure(
  given: unknown,
  rule: Rule<AnyHandler, unknown>,
  report: (problem: string) => void,
): Policy['onFailure'] {
  if (given === undefined) return undefined;
  const { local, federated } = isJsonObject(given) ? given : { local: given, federated: given };
  if (!isFailurePolicy(given)) {
    report('onFailure must be "allow", "deny" or "error", or { local, federated } of these');
    return undefined;
  }
  if (rule.refusal === undefined && (local === 'deny' || federated === 'deny')) {
    report('onFailure cannot be "deny", since this callback refuses nothing; use "allow" or "error"');
  }
  return { local: local as FailureAction, federated: federated as FailureAction };
}
