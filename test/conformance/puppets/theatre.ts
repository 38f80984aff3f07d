import type { AuthCheckerSpec, Json, JsonRecord, PuppetSpec, RuleSpec } from '../format.js';
import { substitute, type Variables } from '../variables.js';

/** A call that a puppet saw, in the order in which the calls began. */
export interface RecordedCall {
  readonly step: number;
  readonly module: string;
  readonly callback: string;
  args: JsonRecord;
}

/** What an API step is answered by: the module that a puppet is, in a running homeserver. */
export interface Actor {
  readonly callApi: (call: readonly [method: string, ...args: Json[]], kwargs: JsonRecord) => Promise<unknown>;
}

/** What the puppets of one case share: whether they are armed, their rules, and what happened to them. */
export class Theatre {
  /** The index of the step that runs. */
  step = 0;
  /** The case's variables, for texts of web resources. */
  variables: Variables = new Map();
  readonly calls: RecordedCall[] = [];
  /** `NAME parse_config JSON` and `NAME constructor JSON`. */
  readonly log: string[] = [];
  readonly actors = new Map<string, Actor>();
  /** How many callbacks follow a rule that never returns. */
  stuck = 0;
  /** When a puppet was last asked something, armed or not, by `performance.now()`. */
  askedAt = performance.now();
  private isArmed = false;
  private readonly rules = new Map<string, readonly RuleSpec[]>();
  private readonly unfinished = new Set<Promise<unknown>>();
  private wake: () => void = () => {};

  /** Lets the puppets follow their rules from now on. */
  arm(puppets: readonly PuppetSpec[], variables: Variables): void {
    for (const puppet of substitute(puppets, variables)) this.armPuppet(puppet);
    this.variables = variables;
    this.isArmed = true;
  }

  /** The rules of a callback once armed, else undefined. */
  rulesOf(module: string, callback: string): readonly RuleSpec[] | undefined {
    this.askedAt = performance.now();
    return this.isArmed ? this.rules.get(`${module} ${callback}`) : undefined;
  }

  /** Notes a call; undefined while unarmed. */
  record(module: string, callback: string, args: JsonRecord = {}): RecordedCall | undefined {
    if (!this.isArmed) return undefined;
    const call = { step: this.step, module, callback, args };
    this.calls.push(call);
    this.wake();
    return call;
  }

  /** Keeps {@link settled} waiting until the work is done. */
  async follow<T>(work: Promise<T>): Promise<T> {
    this.unfinished.add(work);
    try {
      return await work;
    } finally {
      this.unfinished.delete(work);
    }
  }

  /** Resolves when the arguments of all recorded calls are known. */
  async settled(): Promise<void> {
    while (this.unfinished.size > 0) await Promise.allSettled([...this.unfinished]);
  }

  /** Resolves when `isEnough` holds, checked at each call, or after `ms` milliseconds. */
  async awaitCalls(isEnough: () => boolean, ms: number): Promise<void> {
    if (isEnough()) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.wake = () => {};
        resolve();
      };
      const timer = setTimeout(finish, ms);
      this.wake = () => {
        if (isEnough()) finish();
      };
    });
  }

  private armPuppet(puppet: PuppetSpec): void {
    for (const [category, callbacks] of Object.entries(puppet.callbacks ?? {})) {
      for (const [name, spec] of Object.entries(callbacks)) {
        const key = `${puppet.name ?? ''} ${category}.${name}`;
        if (!Array.isArray(spec)) this.rules.set(key, (spec as { readonly behaviour: readonly RuleSpec[] }).behaviour);
        else if (name !== 'auth_checkers') this.rules.set(key, spec as readonly RuleSpec[]);
        else
          for (const checker of spec as readonly AuthCheckerSpec[])
            this.rules.set(`${key}[${checker.login_type}]`, checker.behaviour);
      }
    }
  }
}
