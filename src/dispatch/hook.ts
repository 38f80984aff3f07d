import type { CallbackCategory, CallbackName, HandlerOf, ResultOf } from '../callbacks/registry.js';
import { type AnyHandler, argumentNames, NEXT, type Rule } from '../callbacks/rule.js';
import { SynapseError } from '../errors/synapse-error.js';
import { copyOfData } from '../matrix/copy-of-data.js';
import type { Logger } from '../log/logger.js';
import { type CallbackEntry, callWithin, isLost } from './callback-entry.js';
import { onFailureOf, plainPolicy } from './callback-policy.js';
import { noteWork } from './latest-work.js';
import type { CallObserver, ObservedCall } from './observed-call.js';
import { asQuestion } from './question.js';
import { logFieldsOf, type Subject, subjectOf } from './subject.js';
import type { Timers } from './timers.js';

/** One callback of the homeserver: asks those who registered it. */
export interface Hook<C extends CallbackCategory, N extends CallbackName<C>> {
  /** Whether anybody registered it. Nobody: asking costs no more than reading this. */
  readonly isUsed: boolean;
  /** Asks in order of registration; the rule of the callback makes one result of the answers. */
  readonly ask: (...args: Parameters<HandlerOf<C, N>>) => Promise<ResultOf<C, N>>;
}

/** What all hooks of a dispatcher share. */
export interface HookContext {
  readonly log: Logger;
  readonly timers: Timers;
  readonly aroundCall?: (call: () => Promise<unknown>) => Promise<unknown>;
  readonly isLocal: (userId: unknown) => boolean;
  readonly observers: Set<CallObserver>;
  /** Modules that are still starting, with what they have registered: nothing is asked of them. */
  readonly held: Map<string, Map<CallbackHook, CallbackEntry[]>>;
}

type Result = unknown;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What came of a call; a member that is absent did not come. */
interface Heard {
  answer?: unknown;
  error?: unknown;
  result?: unknown;
  skipped?: 'when' | 'off';
}

/** The callbacks registered under one name, and the asking of them. */
export class CallbackHook {
  isUsed = false;
  readonly where: string;
  readonly subject: Subject;
  private readonly keyIndex: number;
  private readonly copied: readonly number[];
  /** Appended to in place, so that a question being asked reaches a callback registered meanwhile, as in Synapse. */
  private asked: CallbackEntry[] = [];
  private known: CallbackEntry[] = [];
  /** The known ones that observers are told of: all but those of modules that are still starting. */
  private watched: CallbackEntry[] = [];
  /** Still in the lists, but taken out. */
  private readonly gone = new Set<CallbackEntry>();
  private goneAsked = 0;
  private goneWatched = 0;
  private isScoped = false;

  constructor(
    readonly category: CallbackCategory,
    readonly name: string,
    readonly rule: Rule<AnyHandler, Result>,
    private readonly context: HookContext,
  ) {
    this.where = `${category}.${name}`;
    const names = argumentNames(rule);
    this.subject = subjectOf(names);
    this.copied = rule.copied?.map((name) => names.indexOf(name)) ?? [];
    this.keyIndex = rule.keyedBy === undefined ? -1 : names.indexOf(rule.keyedBy);
  }

  /** Everything registered, callbacks that are off included. */
  get entries(): readonly CallbackEntry[] {
    this.forgetGone();
    return this.known;
  }

  add(entry: CallbackEntry): void {
    this.forgetGone();
    this.known.push(entry);
    const held = this.context.held.get(entry.module);
    if (held === undefined) this.admit(entry);
    else held.set(this, [...(held.get(this) ?? []), entry]);
  }

  /** Lets entries that were held be asked, at their places in the order of registration. */
  release(entries: readonly CallbackEntry[]): void {
    if (this.gone.size > 0) {
      this.forgetGone();
      return;
    }
    const first = this.known.length - entries.length;
    if (!entries.every((entry, index) => this.known[first + index] === entry)) this.set(this.known);
    else for (const entry of entries) this.admit(entry);
  }

  /** Takes one out; questions being asked go on with it. The lists are made anew when they are needed, not for each that goes. */
  remove(entry: CallbackEntry): void {
    if (this.gone.has(entry)) return;
    this.gone.add(entry);
    if (!this.isHeld(entry)) {
      this.goneWatched++;
      if (entry.policy.mode !== 'off') this.goneAsked++;
    }
    this.refresh();
  }

  /** Replaces what is registered; questions being asked go on with the old list. */
  set(entries: readonly CallbackEntry[]): void {
    this.known = [...entries];
    this.gone.clear();
    this.goneAsked = this.goneWatched = 0;
    this.watched = entries.filter((entry) => !this.isHeld(entry));
    this.asked = this.watched.filter((entry) => entry.policy.mode !== 'off');
    this.isScoped = this.asked.some((entry) => entry.isScoped);
    this.refresh();
  }

  /** Notes whether there is anybody to ask, or to tell: observers hear of callbacks that are off as well. */
  refresh(): void {
    const isWatched = this.context.observers.size > 0 && this.watched.length > this.goneWatched;
    this.isUsed = isWatched || this.asked.length > this.goneAsked;
  }

  readonly ask = (...args: readonly unknown[]): Promise<Result> => {
    if (!this.isUsed) return Promise.resolve(this.rule.neutral());
    if (this.gone.size > 0) this.forgetGone();
    if (this.isScoped) return asQuestion(() => this.askModules(args));
    return this.askModules(args);
  };

  private forgetGone(): void {
    if (this.gone.size > 0) this.set(this.known.filter((entry) => !this.gone.has(entry)));
  }

  private isHeld(entry: CallbackEntry): boolean {
    return this.context.held.has(entry.module);
  }

  private admit(entry: CallbackEntry): void {
    this.watched.push(entry);
    if (entry.policy.mode !== 'off') this.asked.push(entry);
    this.isScoped ||= entry.isScoped;
    this.refresh();
  }

  /** Asks one after the other. An option costs where it is given, an observer where there is one. */
  private async askModules(args: readonly unknown[]): Promise<Result> {
    const asked = this.context.observers.size > 0 ? this.watched : this.asked;
    const soFar = this.rule.neutral();
    for (let index = 0; index < asked.length; index++) {
      const entry = asked[index];
      if (entry === undefined) break;
      if (this.isPassedOver(entry, args)) continue;
      let result: Result;
      if (this.isWatched(entry)) result = await this.askWatched(entry, args, soFar);
      else {
        // In place, since another function means another promise, which costs as much as the call.
        let answer: unknown;
        let failure: { readonly error: unknown } | undefined;
        try {
          answer = await this.start(entry, this.own(args));
        } catch (error) {
          failure = { error };
        }
        result = failure ? this.failed(entry, args, failure.error) : this.judge(entry, args, answer, soFar);
      }
      if (result !== NEXT) return result;
    }
    return soFar;
  }

  /** Whether a callback is not asked: it is for another key, is off, or its filter does not fit. */
  private isPassedOver(entry: CallbackEntry, args: readonly unknown[]): boolean {
    if (this.keyIndex >= 0 && entry.key?.value !== args[this.keyIndex]) return true;
    return entry.policy !== plainPolicy && this.isSkipped(entry, args);
  }

  private isWatched(entry: CallbackEntry): boolean {
    return this.context.observers.size > 0 || entry.policy.mode === 'audit';
  }

  private askWatched(entry: CallbackEntry, args: readonly unknown[], soFar: Result): Promise<Result> {
    return entry.policy.mode === 'audit' ? this.audit(entry, args) : this.call(entry, this.own(args), soFar);
  }

  private start(entry: CallbackEntry, args: readonly unknown[]): Promise<unknown> {
    noteWork(entry.module, this.where);
    const { aroundCall } = this.context;
    return aroundCall === undefined ? this.invoke(entry, args) : aroundCall(() => this.invoke(entry, args));
  }

  private invoke(entry: CallbackEntry, args: readonly unknown[]): Promise<unknown> {
    const { timeout } = entry.policy;
    if (timeout === undefined) return entry.handler(...args);
    return callWithin(entry, timeout, this.where, args, this.context.timers);
  }

  /** Whether a callback is not called, because it is off or its filter does not fit; observers are told. */
  private isSkipped(entry: CallbackEntry, args: readonly unknown[]): boolean {
    const skipped = entry.policy.mode === 'off' ? 'off' : entry.policy.filter?.(args) === false ? 'when' : undefined;
    if (skipped === undefined) return false;
    const { observers, timers } = this.context;
    if (observers.size > 0) this.tell(entry, args, { skipped }, timers.now(), 0);
    return true;
  }

  /** The arguments for one callback, with copies of what it may not change for others. */
  private own(args: readonly unknown[]): readonly unknown[] {
    if (this.copied.length === 0) return args;
    return args.map((arg, index) => (this.copied.includes(index) ? copyOfData(arg) : arg));
  }

  /** Asks one callback, tells the observers, and gives its result or throws what it means. */
  private async call(entry: CallbackEntry, args: readonly unknown[], soFar: Result): Promise<Result> {
    const { observers, timers } = this.context;
    const isObserved = observers.size > 0;
    const startedAt = isObserved ? timers.now() : 0;
    const startedAtReally = isObserved ? performance.now() : 0;
    const heard: Heard = {};
    try {
      try {
        heard.answer = await this.start(entry, args);
      } catch (error) {
        heard.error = error;
      }
      const result =
        'error' in heard ? this.failed(entry, args, heard.error) : this.judge(entry, args, heard.answer, soFar);
      if (result !== NEXT) heard.result = result;
      return result;
    } finally {
      if (observers.size > 0) this.tell(entry, args, heard, startedAt, performance.now() - startedAtReally);
    }
  }

  private judge(entry: CallbackEntry, args: readonly unknown[], answer: unknown, soFar: Result): Result {
    if (entry.policy.onFailure !== undefined) return this.judgeStrictly(entry, args, answer, soFar);
    try {
      return this.rule.judge(answer, soFar, entry.warn);
    } catch (error) {
      return this.rethrow(entry, args, error);
    }
  }

  /** An answer of the wrong shape is a failure like others. */
  private judgeStrictly(entry: CallbackEntry, args: readonly unknown[], answer: unknown, soFar: Result): Result {
    let problem: string | undefined;
    const warn = (text: string): void => {
      problem = text;
      entry.warn(text);
    };
    let result: Result;
    try {
      result = this.rule.judge(answer, soFar, warn);
    } catch (error) {
      return this.fail(entry, args, error);
    }
    return problem === undefined ? result : this.fail(entry, args, new TypeError(problem));
  }

  private failed(entry: CallbackEntry, args: readonly unknown[], error: unknown): Result {
    return isLost(error) ? this.fail(entry, args, error) : this.rethrow(entry, args, error);
  }

  /** A timeout, a lost connection, or an answer of the wrong shape. */
  private fail(entry: CallbackEntry, args: readonly unknown[], error: unknown): Result {
    const action = onFailureOf(entry.policy, this.rule)[this.isFederated(args) ? 'federated' : 'local'];
    if (action === 'error') return this.rethrow(entry, args, error);
    this.context.log.warn(`${entry.module}: ${this.where} failed, which counts as "${action}"`, {
      ...this.fieldsOf(entry, args),
      err: error,
    });
    return action === 'allow' ? NEXT : this.rule.refusal?.();
  }

  /** What a throw of a callback means: thrown on, or logged and the next one is asked. */
  private rethrow(entry: CallbackEntry, args: readonly unknown[], error: unknown): typeof NEXT {
    const { throws } = this.rule;
    if (!this.isAnswer(error)) {
      const level = throws.kind === 'logged' ? throws.level : 'error';
      this.context.log[level](`${entry.module}: ${this.where} threw`, {
        ...this.fieldsOf(entry, args),
        err: error,
      });
    }
    if (throws.kind === 'logged') return NEXT;
    if (throws.kind === 'propagates' || this.isAnswer(error)) throw error;
    throw throws.error(error);
  }

  /** Whether what was thrown reaches the client as it is: then it is an answer like others, and nothing to log. */
  private isAnswer(error: unknown): boolean {
    const { throws } = this.rule;
    if (!(error instanceof SynapseError) || throws.kind === 'logged') return false;
    return throws.kind === 'propagates' || throws.keepsSynapseError;
  }

  /** Runs a callback on copies, and only says what it would have done. */
  private async audit(entry: CallbackEntry, args: readonly unknown[]): Promise<typeof NEXT> {
    const fields = this.fieldsOf(entry, args);
    try {
      const result = await this.call(entry, args.map(copyOfData), this.rule.neutral());
      if (result !== NEXT)
        this.context.log.info(`${entry.module}: ${this.where} would have answered`, { ...fields, result });
    } catch (error) {
      this.context.log.info(`${entry.module}: ${this.where} would have thrown`, { ...fields, err: error });
    }
    return NEXT;
  }

  private fieldsOf(entry: CallbackEntry, args: readonly unknown[]): Readonly<Record<string, string>> {
    return { module: entry.module, callback: this.where, ...logFieldsOf(this.subject, args) };
  }

  private tell(
    entry: CallbackEntry,
    args: readonly unknown[],
    heard: Heard,
    startedAt: number,
    duration: number,
  ): void {
    const { observers, log } = this.context;
    const user = this.subject.sender?.(args);
    const call: Mutable<ObservedCall> = {
      module: entry.module,
      category: this.category,
      name: this.name,
      args,
      isRefusal: this.isRefusal(heard),
      mode: entry.policy.mode,
      startedAt,
      duration,
    };
    if (typeof user === 'string') call.user = user;
    // One by one, since a spread costs more than all the rest.
    if ('answer' in heard) call.answer = heard.answer;
    if ('error' in heard) call.error = heard.error;
    if ('result' in heard) call.result = heard.result;
    if (heard.skipped !== undefined) call.skipped = heard.skipped;
    for (const observer of observers) {
      try {
        observer(call);
      } catch (err) {
        log.error('An observer of callbacks threw', { callback: this.where, err });
      }
    }
  }

  private isRefusal(heard: Heard): boolean {
    if (this.isAnswer(heard.error)) return true;
    if (!('result' in heard)) return false;
    return this.rule.isRefusal?.(heard.result) ?? this.rule.combine === 'first_refusal';
  }

  private isFederated(args: readonly unknown[]): boolean {
    const user = this.subject.sender?.(args);
    return typeof user === 'string' && !this.context.isLocal(user);
  }
}
