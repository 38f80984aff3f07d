import type { FailureAction } from './callback-options.js';
import type { Throws } from './throws.js';

/**
 * Any handler of a callback: it takes its arguments by position and answers with a promise.
 *
 * @example
 * ```ts
 * import { type AnyHandler } from 'vesicle';
 * const nameOf = (handler: AnyHandler): string => handler.name;
 * ```
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the top type of all handlers; nothing is called through it
export type AnyHandler = (...args: any[]) => Promise<unknown>;

/** Says that an answer settles nothing: the next callback is asked. */
export const NEXT: unique symbol = Symbol('NEXT');

/** The six ways in which the answers of several callbacks become one. */
export type Way =
  /** In order, until one refuses; neutral when nobody does. */
  | 'first_refusal'
  /** In order, until one has an answer; neutral when nobody has. */
  | 'first_answer'
  /** In order, until one refuses or replaces what is asked about. */
  | 'first_replacement'
  /** Everybody is asked; the answers are merged. */
  | 'merge'
  /** Everybody is told; answers are ignored. */
  | 'all'
  /** At most one callback exists. */
  | 'single';

/** How one answer counts: a result ends the asking, {@link NEXT} goes on. `warn` reports an answer of the wrong shape. */
export type Judge<Result> = (answer: unknown, soFar: Result, warn: (problem: string) => void) => Result | typeof NEXT;

/** One callback of Synapse as data: how it is called, how answers combine, what a throw means. */
export interface Rule<Handler extends AnyHandler, Result> {
  readonly way: Way;
  /** Names of the arguments in Synapse, in order. */
  readonly args: readonly string[];
  /** The result when nobody settles the question; made anew for each question, since `merge` fills it. */
  readonly neutral: () => Result;
  readonly judge: Judge<Result>;
  readonly throws: Throws;
  /** The result that refuses; absent where nothing can be refused. */
  readonly refusal?: () => Result;
  /** What a failure means when nobody says; absent stands for `error`, and for gates `allow` for what comes from other servers. */
  readonly onFailure?: Exclude<FailureAction, 'deny'>;
  /** Whether a result refuses; by default each one of a `first_refusal` does. */
  readonly isRefusal?: (result: Result) => boolean;
  /** Arguments of which each handler gets a copy of its own, so that it cannot change them for others. */
  readonly copied?: readonly string[];
  /** Each handler is registered for one value of this argument, and asked for no other. */
  readonly keyedBy?: string;
  /** What Synapse asks or tells, in a sentence: for the reference. */
  readonly summary: string;
  /** Where Synapse asks, `file: function` relative to its package. */
  readonly source: string;
  /** Carries the handler type; never a value. */
  readonly handler?: Handler;
}

/** A rule with its handler type and result stated. */
export function rule<Handler extends AnyHandler, Result>(of: Rule<Handler, Result>): Rule<Handler, Result> {
  return of;
}

/** The rules of a category: one for each of its callbacks, or it does not compile. */
export type CombinationRules<Callbacks> = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the result of each rule is inferred from it, not stated here
  readonly [N in keyof Callbacks]-?: Rule<Extract<Callbacks[N], AnyHandler>, any>;
};
