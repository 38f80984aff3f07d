/**
 * A question of the homeserver, as an interceptor sees it.
 *
 * @example
 * ```ts
 * import { type InterceptedCall } from 'vesicle';
 * const describe = ({ module, category, name }: InterceptedCall) => `${module}: ${category}.${name}`;
 * ```
 */
export interface InterceptedCall {
  /** The name of the module in the log. */
  readonly module: string;
  /** The category of the callback: `spam_checker`; `web_resource` for a request to a web resource. */
  readonly category: string;
  /** The name of the callback: `check_event_for_spam`; the path of a web resource. */
  readonly name: string;
  /** The arguments of the callback; the `Request` of a web resource. */
  readonly args: readonly unknown[];
}

/**
 * Runs around callbacks and web resources of a module: it may measure, change the answer, or answer itself and not call `next`.
 * Its class is injectable. What it throws counts as thrown by the callback.
 *
 * @example
 * ```ts
 * import { injectable, type InterceptedCall, type Interceptor, Logger, Module } from 'vesicle';
 *
 * \@injectable()
 * class Stopwatch implements Interceptor {
 *   constructor(private readonly log: Logger) {}
 *
 *   async intercept(call: InterceptedCall, next: () => Promise<unknown>): Promise<unknown> {
 *     const startedAt = performance.now();
 *     try {
 *       return await next();
 *     } finally {
 *       this.log.info(`${call.name} took ${performance.now() - startedAt} ms`);
 *     }
 *   }
 * }
 *
 * \@Module({ interceptors: [Stopwatch] })
 * export class Guard {}
 * ```
 */
export interface Interceptor {
  /** `next` asks the next interceptor, the callback at last, and may be called again. */
  readonly intercept: (call: InterceptedCall, next: () => Promise<unknown>) => Promise<unknown>;
}
