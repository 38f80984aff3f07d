import type { CallbackCategory } from '../../src/callbacks/registry.js';
import type { AnyHandler } from '../../src/callbacks/rule.js';
import type { Accounts } from './accounts.js';

/** One call of a callback: its name and what it was given. */
export type RecordedCall = readonly [name: string, ...args: readonly unknown[]];

/** Registers callbacks of a category; the list fills with their calls. */
export function recordCallbacks(
  hs: Accounts,
  category: CallbackCategory,
  answers: Readonly<Record<string, unknown>>,
  calls: RecordedCall[] = [],
): RecordedCall[] {
  const callbacks = Object.entries(answers).map(([name, answer]) => ({
    name,
    handler: handlerOf(name, answer, calls),
  }));
  hs.homeserver.dispatch.register({ module: 'Recorder', category, callbacks });
  return calls;
}

/** Registers a checker of a login type. */
export function addAuthChecker(hs: Accounts, loginType: string, fields: readonly string[], check: AnyHandler): void {
  const callbacks = [{ name: 'auth_checkers', handler: check, key: { value: loginType, fields } }];
  hs.homeserver.dispatch.register({ module: 'Recorder', category: 'password_auth_provider', callbacks });
}

function handlerOf(name: string, answer: unknown, calls: RecordedCall[]): AnyHandler {
  return async (...args: unknown[]) => {
    calls.push([name, ...(structuredCloneOf(args) as unknown[])]);
    return typeof answer === 'function' ? (answer as AnyHandler)(...args) : answer;
  };
}

/** A copy as it was at the time of the call; what cannot be copied stays. */
function structuredCloneOf(args: unknown[]): unknown {
  try {
    return structuredClone(args);
  } catch {
    return args;
  }
}
