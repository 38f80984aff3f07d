import type { CallbackMode } from '../callbacks/callback-options.js';
import type { When } from '../callbacks/when.js';
import type { AuthChecker, AuthResult } from '../callbacks/password-auth-provider.js';
import {
  callbackCategories,
  type CallbackCategory,
  type CallbackName,
  callbackNames,
  findRule,
  type HandlerOf,
  type ResultOf,
} from '../callbacks/registry.js';
import { callbackHint } from '../callbacks/callback-hint.js';
import { HostError } from '../errors/host-error.js';
import { didYouMean } from '../errors/nearest-name.js';
import { VesicleError } from '../errors/vesicle-error.js';
import type { Logger } from '../log/logger.js';
import type { CallbackEntry } from './callback-entry.js';
import { compilePolicy, type FailureByOrigin, onFailureOf } from './callback-policy.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import { CallbackHook, type Hook, type HookContext } from './hook.js';
import type { CallObserver, ObservedCall } from './observed-call.js';
import { type CallbackRegistration, checkCategory, checkKey, type NewCallback } from './registration.js';
import { logFieldsOf } from './subject.js';
import { systemTimers, type Timers } from './timers.js';

/** What a dispatcher is given. */
export interface DispatcherOptions {
  readonly log: Logger;
  /** Milliseconds since 1970; the machine's clock when absent. */
  readonly now?: () => number;
  /** Calls later, for timeouts; the machine's timers when absent. */
  readonly after?: Timers['after'];
  /** Makes each call of a callback, for who must know when it is over; it is just called when absent. */
  readonly aroundCall?: HookContext['aroundCall'];
  /** Whether a user is of this homeserver; everybody when absent. */
  readonly isLocalUser?: (userId: string) => boolean;
}

/** What a registration can be undone with. */
export interface Registered {
  readonly remove: () => void;
}

/** One registered callback, for lists. */
export interface RegisteredCallback {
  readonly module: string;
  readonly category: CallbackCategory;
  readonly name: string;
  readonly mode: CallbackMode;
  readonly loginType?: string;
  readonly timeout?: number;
  /** The filter as it was given. */
  readonly when?: When;
  /** What a failure means, the defaults included. */
  readonly onFailure: FailureByOrigin;
  readonly circuit: BreakerState;
}

/** A callback and where it is asked. */
interface Planned {
  readonly hook: CallbackHook;
  readonly entry: CallbackEntry;
}

/** One question of the homeserver becomes one answer: asks the modules as the rules in `callbacks/` say. */
export class Dispatcher {
  private readonly hooks = new Map<string, Map<string, CallbackHook>>();
  private readonly all: readonly CallbackHook[];
  private readonly context: HookContext;
  private readonly byModule = new Map<string, Set<Planned>>();
  /** Undefined until somebody asks. */
  private knownLoginFields: Map<string, readonly string[]> | undefined = new Map();

  constructor(options: DispatcherOptions) {
    const { isLocalUser = () => true } = options;
    this.context = {
      log: options.log,
      timers: { now: options.now ?? systemTimers.now, after: options.after ?? systemTimers.after },
      isLocal: (userId) => typeof userId === 'string' && isLocalUser(userId),
      ...(options.aroundCall && { aroundCall: options.aroundCall }),
      observers: new Set(),
      held: new Map(),
    };
    for (const category of callbackCategories) this.hooks.set(category, this.hooksOf(category));
    this.all = [...this.hooks.values()].flatMap((hooks) => [...hooks.values()]);
  }

  /** Adds callbacks behind those that are there; they are asked from the next question on. */
  register(registration: CallbackRegistration): Registered {
    const added = this.add(registration, (hook, entry) => {
      hook.add(entry);
    });
    return {
      remove: () => {
        for (const one of added) this.remove(one);
      },
    };
  }

  /** Keeps what a module registers from being asked until it is released: it is still starting. */
  hold(module: string): void {
    this.context.held.set(module, new Map());
  }

  /** Lets a module be asked. */
  release(module: string): void {
    const held = this.context.held.get(module);
    this.context.held.delete(module);
    for (const [hook, entries] of held ?? []) hook.release(entries);
  }

  /** Takes out all callbacks of a module. */
  removeModule(name: string): void {
    for (const one of this.byModule.get(name) ?? []) this.remove(one);
    this.byModule.delete(name);
  }

  /** Puts these registrations in the place of everything a module has registered; changes nothing when one is refused. */
  replaceModule(name: string, registrations: readonly CallbackRegistration[]): void {
    const before = this.all.map((hook) => ({ hook, entries: [...hook.entries] }));
    const own = new Set(this.byModule.get(name));
    try {
      this.removeModule(name);
      for (const registration of registrations) this.add(registration, insertByRank);
    } catch (error) {
      for (const { hook, entries } of before) hook.set(entries);
      this.byModule.set(name, own);
      this.knownLoginFields = undefined;
      throw error;
    }
  }

  /** The hook of a callback: keep it where the same question is asked often. */
  hook<C extends CallbackCategory, N extends CallbackName<C>>(category: C, name: N): Hook<C, N> {
    return this.find(category, name) as Hook<C, N>;
  }

  /** Asks everybody who registered the callback; the neutral result when nobody did. */
  ask<C extends CallbackCategory, N extends CallbackName<C>>(
    category: C,
    name: N,
    ...args: Parameters<HandlerOf<C, N>>
  ): Promise<ResultOf<C, N>> {
    return this.hook(category, name).ask(...args);
  }

  /** Whether anybody registered the callback: ask before gathering arguments that cost something. */
  isAsked<C extends CallbackCategory>(category: C, name: CallbackName<C>): boolean {
    return this.find(category, name).isUsed;
  }

  /** The login types that modules support, with the fields a login must bring. */
  loginTypes(): ReadonlyMap<string, readonly string[]> {
    return this.loginFields;
  }

  /** Asks the checkers of a login type. */
  askAuthCheckers(loginType: string, ...args: Parameters<AuthChecker>): Promise<AuthResult | undefined> {
    const [username, , loginDict] = args;
    return this.ask('password_auth_provider', 'auth_checkers', username, loginType, loginDict);
  }

  /** Calls `observer` after each call of a callback, until the returned function is called. */
  observe(observer: CallObserver): () => void {
    const { observers } = this.context;
    observers.add(observer);
    this.refresh();
    return () => {
      observers.delete(observer);
      this.refresh();
    };
  }

  /** What a line of the log says of a call: on whose behalf it was, in which room, of which event. */
  logFieldsOf({ category, name, args }: ObservedCall): Readonly<Record<string, string>> {
    return logFieldsOf(this.find(category, name).subject, args);
  }

  /** Everything that is registered, by category and callback, in the order of asking. */
  registered(): readonly RegisteredCallback[] {
    return this.all.flatMap((hook) =>
      hook.entries.map((entry) => ({
        module: entry.module,
        category: hook.category,
        name: hook.name,
        mode: entry.policy.mode,
        ...(entry.key && { loginType: entry.key.value }),
        ...(entry.policy.timeout !== undefined && { timeout: entry.policy.timeout }),
        ...(entry.policy.when !== undefined && { when: entry.policy.when }),
        onFailure: onFailureOf(entry.policy, hook.rule),
        circuit: entry.breaker?.state ?? ('closed' as const),
      })),
    );
  }

  private hooksOf(category: CallbackCategory): Map<string, CallbackHook> {
    const hooks = new Map<string, CallbackHook>();
    for (const name of callbackNames(category) ?? []) {
      const rule = findRule(category, name);
      if (rule !== undefined) hooks.set(name, new CallbackHook(category, name, rule, this.context));
    }
    return hooks;
  }

  private find(category: string, name: string, where = 'Dispatcher'): CallbackHook {
    const hooks = this.hooks.get(category);
    if (hooks === undefined) {
      throw new VesicleError('CATEGORY_UNKNOWN', { where, category, hint: didYouMean(category, callbackCategories) });
    }
    const hook = hooks.get(name);
    if (hook === undefined) {
      throw new VesicleError('CALLBACK_UNKNOWN', {
        where,
        category,
        name,
        hint: callbackHint(category as CallbackCategory, name),
      });
    }
    return hook;
  }

  private add(
    registration: CallbackRegistration,
    place: (hook: CallbackHook, entry: CallbackEntry) => void,
  ): readonly Planned[] {
    const { module, category, callbacks } = registration;
    const planned = callbacks.map((callback) => {
      const hook = this.find(category, callback.name, module);
      return { hook, entry: this.entryOf(registration, hook, callback) };
    });
    const isRegistered = (name: string): boolean => this.find(category, name).entries.length > 0;
    const { ignored } = checkCategory(registration, isRegistered);
    if (ignored !== undefined) {
      this.context.log.warn(ignored, { module });
      return [];
    }
    const own = this.byModule.get(module) ?? new Set();
    this.byModule.set(module, own);
    for (const one of planned) {
      this.checkEntry(one);
      place(one.hook, one.entry);
      own.add(one);
    }
    return planned;
  }

  private checkEntry({ hook, entry }: Planned): void {
    if (hook.rule.combine === 'single' && hook.entries.length > 0) {
      throw new HostError('RuntimeError', `Tried to register ${hook.name} twice`);
    }
    if (entry.key === undefined) return;
    checkKey(entry.key, this.loginFields);
    this.loginFields.set(entry.key.value, entry.key.fields);
  }

  private entryOf(registration: CallbackRegistration, hook: CallbackHook, callback: NewCallback): CallbackEntry {
    const { module, rank = Infinity } = registration;
    const { log, timers, isLocal } = this.context;
    const where = `${module}: ${hook.where}`;
    const policy = compilePolicy(callback.options, hook.rule, hook.subject, isLocal, where);
    const fields = { module, callback: hook.where };
    const breaker = (): CircuitBreaker =>
      new CircuitBreaker(timers.now, (state) => {
        const text = state === 'open' ? 'is not called for a while, after failing repeatedly' : 'is called again';
        log.warn(`${where} ${text}`, { ...fields, circuit: state });
      });
    return {
      module,
      rank,
      handler: callback.handler,
      isScoped: registration.isScoped === true,
      ...(callback.key && { key: callback.key }),
      policy,
      ...(policy.timeout !== undefined && { breaker: breaker() }),
      warn: (problem) => {
        log.warn(`${where} gave ${problem}`, fields);
      },
    };
  }

  private remove(one: Planned): void {
    one.hook.remove(one.entry);
    this.byModule.get(one.entry.module)?.delete(one);
    if (one.entry.key !== undefined) this.knownLoginFields = undefined;
  }

  private get loginFields(): Map<string, readonly string[]> {
    if (this.knownLoginFields === undefined) {
      const keys = this.all.flatMap((hook) => hook.entries.flatMap((entry) => (entry.key ? [entry.key] : [])));
      this.knownLoginFields = new Map(keys.map((key) => [key.value, key.fields]));
    }
    return this.knownLoginFields;
  }

  private refresh(): void {
    for (const hook of this.all) hook.refresh();
  }
}

/** Before the first callback of a module that stands later in the configuration. */
function insertByRank(hook: CallbackHook, entry: CallbackEntry): void {
  const later = hook.entries.findIndex((other) => other.rank > entry.rank);
  const at = later < 0 ? hook.entries.length : later;
  hook.set([...hook.entries.slice(0, at), entry, ...hook.entries.slice(at)]);
}
