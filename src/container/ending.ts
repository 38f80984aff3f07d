import { isDoneWithin } from '../dispatch/done-within.js';
import type { Logger } from '../log/logger.js';
import type { EndService } from './service-container.js';

/** Ends things one after the other, in so many milliseconds for all of them; failures are logged, and so is what hangs. */
export function endingWithin(log: Logger, module: string, limitMs: number): EndService {
  const until = performance.now() + limitMs;
  return async (title, work) => {
    const what = `${module}: @preDestroy${title === '' ? '' : ` of the service ${title}`}`;
    try {
      if (await isDoneWithin(work(), Math.max(0, until - performance.now()))) return;
      log.error(`${what} took longer than ${limitMs} ms and is not waited for`, { module });
    } catch (err) {
      log.error(`${what} failed`, { module, err });
    }
  };
}
