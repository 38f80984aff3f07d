/**
 * A call that is due later, as `delayedBackgroundCall` answers (`twisted.internet.interfaces.IDelayedCall`).
 *
 * @example
 * ```ts
 * import { type BackgroundCall } from 'vesicle';
 * const stop = async (call: BackgroundCall) => {
 *   if (await call.active()) await call.cancel();
 * };
 * ```
 */
export interface BackgroundCall {
  /** Keeps it from running. After it ran a `HostError` `AlreadyCalled`, after a cancellation `AlreadyCancelled`. */
  readonly cancel: () => Promise<void>;
  /** Whether it is still to come. */
  readonly active: () => Promise<boolean>;
  /** When it is due, in seconds since 1970. */
  readonly getTime: () => Promise<number>;
  /** Makes it due so many seconds from now. */
  readonly reset: (secondsFromNow: number) => Promise<void>;
  /** Puts it off by so many seconds. */
  readonly delay: (secondsLater: number) => Promise<void>;
}
