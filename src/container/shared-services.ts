import type { Class } from '../metadata/metadata-store.js';
import type { Logger } from '../log/logger.js';
import { closeLimitMs, isDoneWithin } from '../kernel/done-within.js';

interface Shared {
  readonly type: Class;
  readonly config: string;
  readonly instance: Promise<object>;
  readonly end: (instance: object) => Promise<void>;
}

/** Services that are made once for all instances of a module: each by its class and the configuration of the module. */
export class SharedServices implements AsyncDisposable {
  private made: readonly Shared[] = [];

  constructor(
    private readonly log: Logger,
    private readonly limitMs = closeLimitMs,
  ) {}

  /** The service, made if it is the first to be asked for; a failure is not kept. */
  async get(
    type: Class,
    config: unknown,
    make: () => Promise<object>,
    end: (instance: object) => Promise<void>,
  ): Promise<object> {
    const text = JSON.stringify(config);
    const known = this.made.find((shared) => shared.type === type && shared.config === text);
    if (known !== undefined) return await known.instance;
    const shared: Shared = { type, config: text, instance: make(), end };
    this.made = [...this.made, shared];
    try {
      return await shared.instance;
    } catch (error) {
      this.made = this.made.filter((other) => other !== shared);
      throw error;
    }
  }

  /** Ends all of them, the last first; failures are logged, and so is who hangs. */
  async close(): Promise<void> {
    const { made } = this;
    this.made = [];
    for (const { type, instance, end } of made.toReversed()) {
      try {
        if (await isDoneWithin(instance.then(end), this.limitMs)) continue;
        this.log.error(`${type.name}: @preDestroy took longer than ${this.limitMs} ms and is not waited for`);
      } catch (err) {
        this.log.error(`${type.name}: ending the shared service failed`, { err });
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
