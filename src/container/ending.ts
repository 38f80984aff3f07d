import { TIMED_OUT, withTimeout } from '../dispatch/with-timeout.js';
import type { Logger } from '../log/logger.js';
import type { EndService } from './service-container.js';

/** Milliseconds that a module has to end: one that hangs holds up nobody for longer. */
export const closeLimitMs = 10_000;

/** Ends things one after the other, in so many milliseconds for all of them; failures are logged, and so is what hangs. */
export function endingWithin(log: Logger, module: string, limitMs: number): EndService {
  const until = performance.now() + limitMs;
  return async (title, work) => {
    const what = `${module}: @preDestroy${title === '' ? '' : ` of the service ${title}`}`;
    try {
      if ((await withTimeout(work(), Math.max(0, until - performance.now()))) !== TIMED_OUT) return;
      log.error(`${what} took longer than ${limitMs} ms and is not waited for`, { module });
    } catch (err) {
      log.error(`${what} failed`, { module, err });
    }
  };
}
