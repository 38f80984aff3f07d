import type { FailureAction } from './callback-options.js';
import type { Throws } from './throws.js';
import type { ArgumentKindOf, ResultKind } from './wire-kinds.js';

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
export type Combination =
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

/** Arguments in order: Synapse's name of each, and the kind in which it travels. A kind of another type does not compile. */
export type Arguments<Handler extends AnyHandler> = Readonly<
  Record<string, ArgumentKindOf<Parameters<Handler>[number]>>
>;

/**
 * The row of one callback: everything that is known of it. Dispatch, the bridge, the protocol, the conformance puppets and the
 * documents read it here.
 */
export interface Rule<Handler extends AnyHandler, Result> {
  readonly combine: Combination;
  readonly args: Arguments<Handler>;
  /** The kind in which the result travels. */
  readonly result: ResultKind;
  /** The result when nobody settles the question; made anew for each question, since `merge` fills it. */
  readonly neutral: () => Result;
  /** What a callback answers that has nothing to say, where that is not the neutral result. */
  readonly neutralAnswer?: () => Awaited<ReturnType<Handler>>;
  readonly judge: Judge<Result>;
  readonly throws: Throws;
  /** The result that refuses; absent where nothing can be refused. */
  readonly refusal?: () => Result;
  /** What a failure means when nobody says; absent stands for `error`, and for gates `allow` for what comes from other servers. */
  readonly onFailure?: Exclude<FailureAction, 'deny'>;
  /** Returns whether a result refuses; by default each one of a `first_refusal` does. */
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

/** What differs between the rows of one family; the family's function adds the rest. */
export type Row<Handler extends AnyHandler, Own extends keyof Rule<Handler, never> = never> = Pick<
  Rule<Handler, never>,
  'args' | 'copied' | 'summary' | 'source' | Own
>;

/** The rules of a category: one for each of its callbacks, or it does not compile. */
export type CombinationRules<Callbacks> = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the result of each rule is inferred from it, not stated here
  readonly [N in keyof Callbacks]-?: Rule<Extract<Callbacks[N], AnyHandler>, any>;
};

/** Synapse's names of the arguments of a callback, in order. */
export function argumentNames({ args }: Pick<Rule<AnyHandler, unknown>, 'args'>): readonly string[] {
  return Object.keys(args);
}

/** Returns whether a callback is told and not asked: no answer counts and no throw fails anything, so it can be told later. */
export function isTold({ combine, throws }: Pick<Rule<AnyHandler, unknown>, 'combine' | 'throws'>): boolean {
  return combine === 'all' && throws.kind === 'logged';
}

/** What a callback answers that has nothing to say. */
export function neutralAnswer({
  neutral,
  neutralAnswer: own = neutral,
}: Pick<Rule<AnyHandler, unknown>, 'neutral' | 'neutralAnswer'>): unknown {
  return own();
}
