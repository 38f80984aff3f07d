import { latestWork } from '../dispatch/latest-work.js';
import type { Logger } from '../log/logger.js';

/** Milliseconds of standing still that are worth a line: callers notice, and the bridge counts towards its limits. */
const noticedMs = 1000;
const intervalMs = 250;

/** Warns when the process stood still, since a module kept it busy: nothing was answered meanwhile. */
export function watchStandstill(log: Logger): Disposable {
  let due = performance.now() + intervalMs;
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - due;
    due = now + intervalMs;
    if (late < noticedMs) return;
    const { module, what } = latestWork;
    const last = module === '' ? '' : ` What was begun last is ${module}: ${what}.`;
    log.warn(
      `The process stood still for ${(late / 1000).toFixed(1)} s: a module kept it busy, and nothing was answered meanwhile.${last} ` +
        'Await what takes long, or move it to a worker thread.',
    );
  }, intervalMs).unref();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
    },
  };
}
