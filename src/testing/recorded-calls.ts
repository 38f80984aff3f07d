import type { CallbackCategory, CallbackName, HandlerOf } from '../callbacks/registry.js';
import type { ObservedCall } from '../dispatch/observed-call.js';
import type { AbstractClass } from '../metadata/metadata-store.js';

/**
 * One call of one callback of a module: what it was asked and what came of it.
 *
 * @example
 * ```ts
 * import { type RecordedCall } from 'vesicle/testing';
 * const isSlow = (call: RecordedCall) => call.duration > 100;
 * ```
 */
export interface RecordedCall<
  Args extends readonly unknown[] = readonly unknown[],
  Answer = unknown,
> extends ObservedCall {
  /** What the callback was asked; what it changed in place shows changed. */
  readonly args: Args;
  /** What it answered; absent when it threw, and when it was left out. */
  readonly answer?: Answer;
}

/**
 * Which calls are meant; all when empty.
 *
 * @example
 * ```ts
 * import { type CallFilter } from 'vesicle/testing';
 * const refusals: CallFilter = { category: 'spam_checker', where: (call) => call.isRefusal };
 * ```
 */
export interface CallFilter {
  /** The class of the module, or its name. */
  readonly module?: AbstractClass | string;
  readonly category?: CallbackCategory;
  /** Of the callback. */
  readonly name?: string;
  /** Whether those are meant that were left out by `when` or `mode: off`; both when absent. */
  readonly isSkipped?: boolean;
  readonly where?: (call: RecordedCall) => boolean;
}

interface CallsOfFilter<Call> extends Pick<CallFilter, 'module'> {
  readonly where?: (call: Call) => boolean;
}

/** A call of one callback, with the types of its handler. */
type CallOf<C extends CallbackCategory, N extends CallbackName<C>> =
  HandlerOf<C, N> extends (...args: infer Args) => Promise<infer Answer> ? RecordedCall<Args, Answer> : RecordedCall;

/**
 * What the modules of a homeserver under test were asked, and what they answered, oldest first.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const checked = hs.calls.of('spam_checker', 'check_event_for_spam').map((call) => call.args[0].type);
 * const slow = hs.calls.list({ where: (call) => call.duration > 100 });
 * ```
 */
export class RecordedCalls {
  private readonly recorded: RecordedCall[] = [];

  /** @internal Made by `startHomeserver`. */
  constructor(private readonly nameOf: (module: AbstractClass) => readonly string[]) {}

  /** @internal Takes one more; for {@link startHomeserver}. */
  readonly record = (call: ObservedCall): void => {
    this.recorded.push(call);
  };

  /** The calls that fit, those that were left out among them unless the filter says otherwise. */
  list(filter: CallFilter = {}): readonly RecordedCall[] {
    const { module, category, name, isSkipped, where = () => true } = filter;
    const modules = typeof module === 'function' ? this.nameOf(module) : module === undefined ? undefined : [module];
    return this.recorded.filter(
      (call) =>
        modules?.includes(call.module) !== false &&
        (category ?? call.category) === call.category &&
        (name ?? call.name) === call.name &&
        (isSkipped ?? 'skipped' in call) === 'skipped' in call &&
        where(call),
    );
  }

  /** The calls of one callback that were made, with the types of its arguments and answers. */
  of<C extends CallbackCategory, N extends CallbackName<C>>(
    category: C,
    name: N,
    { module, where = () => true }: CallsOfFilter<CallOf<C, N>> = {},
  ): readonly CallOf<C, N>[] {
    const calls = this.list({ category, name, isSkipped: false, ...(module !== undefined && { module }) });
    return (calls as readonly CallOf<C, N>[]).filter(where);
  }

  /** Forgets the calls so far: what a test prepares need not be told from what it tests. */
  clear(): void {
    this.recorded.length = 0;
  }
}
