import type { AnyHandler } from '../callbacks/rule.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Policy } from './callback-policy.js';
import { CallbackLost } from './callback-lost.js';
import { type CircuitBreaker, failuresToOpen, pauseMs } from './circuit-breaker.js';
import type { Timers } from './timers.js';
import { TIMED_OUT, withTimeout } from './with-timeout.js';

/** One registered callback of one module. */
export interface CallbackEntry {
  readonly module: string;
  /** Where callbacks of this module belong among those of others, after a reload. */
  readonly rank: number;
  readonly handler: AnyHandler;
  /** It is asked within a `Question`. */
  readonly isScoped: boolean;
  /** The value of the rule's `keyedBy` argument that this is for, with what was registered for it. */
  readonly key?: { readonly value: string; readonly fields: readonly string[] };
  readonly policy: Policy;
  /** Only of callbacks with a timeout. */
  readonly breaker?: CircuitBreaker;
  /** Logs an answer of the wrong shape. */
  readonly warn: (problem: string) => void;
}

/** The failures that `onFailure` is for, as opposed to throws of the module. */
export function isLost(error: unknown): boolean {
  return error instanceof CallbackLost || error instanceof CallbackTimeout || error instanceof CircuitOpen;
}

class CallbackTimeout extends VesicleError {}
class CircuitOpen extends VesicleError {}

/** Calls a callback within its timeout and its circuit. The callback is never aborted: a late result is discarded. */
export async function callWithin(
  entry: CallbackEntry,
  timeout: number,
  where: string,
  args: readonly unknown[],
  timers: Timers,
): Promise<unknown> {
  const { breaker } = entry;
  if (breaker?.mayCall() === false) {
    throw new CircuitOpen('DISPATCH_CIRCUIT_OPEN', {
      module: entry.module,
      callback: where,
      failures: failuresToOpen,
      pause: pauseMs,
    });
  }
  try {
    const answer = await withTimeout(() => entry.handler(...args), timeout, { timers });
    if (answer === TIMED_OUT) {
      throw new CallbackTimeout('DISPATCH_TIMEOUT', { module: entry.module, callback: where, timeout });
    }
    breaker?.succeeded();
    return answer;
  } catch (error) {
    if (isLost(error)) breaker?.failed();
    else breaker?.succeeded();
    throw error;
  }
}
