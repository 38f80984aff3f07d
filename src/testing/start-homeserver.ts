import { stderr } from 'node:process';
import { openHomeserver } from '../homeserver/homeserver.js';
import type { BackgroundFailure } from '../module-api/shared/background-work.js';
import type { Logger, LogLevel } from '../log/logger.js';
import { silentLog } from '../log/silent-log.js';
import type { JsonObject } from '../matrix/json.js';
import { TextLog } from '../log/text-log.js';
import { Outbox, OutboxMailer, OutboxPushGateway } from './outbox.js';
import { TestClock } from './test-clock.js';
import { TestHomeserver } from './test-homeserver.js';
import { TestLog } from './test-log.js';
import { describeTestModule, loadTestModules, type TestModule } from './test-module.js';
import { WorkWatch } from './work-watch.js';

/**
 * What {@link startHomeserver} is given.
 *
 * @example
 * ```ts
 * import { type TestOptions } from 'vesicle/testing';
 * const options: TestOptions = {
 *   modules: [],
 *   config: { allow_guest_access: true },
 *   now: '2026-01-31T12:00:00Z',
 *   fetch: async (request) => Response.json({ asked: request.url }),
 * };
 * ```
 */
export interface TestOptions {
  /** In configuration order. */
  readonly modules: readonly TestModule[];
  /** Further configuration, with the keys of `homeserver.yaml`. */
  readonly config?: JsonObject;
  /** Where the clock stands at first: milliseconds since 1970, a `Date`, or a text that `Date` reads; the real time when absent. */
  readonly now?: number | string | Date;
  /**
   * Answers what modules ask of other servers with `api.httpClient`, and the homeserver of identity servers. When absent no
   * server can be reached; `(request) => fetch(request)` reaches real ones.
   */
  readonly fetch?: (request: Request) => Promise<Response>;
  /**
   * Gets the log lines, or says from which level on they go to standard error; `hs.log.lines` has all of them in any case.
   *
   * @defaultValue `'warn'`
   */
  readonly log?: Logger | LogLevel | 'silent';
  /**
   * Lets what nobody waits for fail (`runAsBackgroundProcess`, `loopingBackgroundCall`, `delayedBackgroundCall`): the failure is
   * only logged, as on a server. Otherwise closing the homeserver throws it, which fails the test.
   *
   * @defaultValue false
   */
  readonly allowBackgroundFailures?: boolean;
}

/**
 * Starts an embedded homeserver with modules under test. Rejects, as a homeserver would not start, when a configuration is
 * wrong or a module cannot be made; {@link checkModules} gives the same as values.
 *
 * @example
 * ```ts
 * import { startHomeserver } from 'vesicle/testing';
 * await using hs = await startHomeserver({ modules: [] });
 * const alice = await hs.user('alice');
 * ```
 */
export async function startHomeserver(options: TestOptions): Promise<TestHomeserver> {
  const { config = {}, now = Date.now(), allowBackgroundFailures = false } = options;
  const log = new TestLog(loggerOf(options.log ?? 'warn'));
  const failures: BackgroundFailure[] = [];
  const items = options.modules.map(describeTestModule);
  const { configuration, modules } = await loadTestModules(items, config);
  const watch = new WorkWatch();
  const clock = new TestClock(timeOf(now), watch);
  const outbox = new Outbox();
  const homeserver = await openHomeserver({
    config: configuration.homeserver,
    modules,
    log,
    clock,
    mailer: new OutboxMailer(outbox),
    pushGateway: new OutboxPushGateway(outbox),
    fetch: fetchThrough(options.fetch ?? refuseConnection),
    aroundWork: watch.around,
    onBackgroundFailure: (failure) => {
      if (!allowBackgroundFailures) failures.push(failure);
    },
  });
  return new TestHomeserver({ homeserver, clock, outbox, log, failures, watch, config, modules: items });
}

function loggerOf(log: Logger | LogLevel | 'silent'): Logger {
  if (typeof log !== 'string') return log;
  if (log === 'silent') return silentLog;
  return new TextLog({ level: log, write: (line) => stderr.write(line) });
}

function timeOf(now: number | string | Date): number {
  const time = new Date(now).getTime();
  if (Number.isNaN(time))
    throw new RangeError(`"${String(now)}" is no time. Write one such as "2026-01-31T12:00:00Z".`);
  return time;
}

function fetchThrough(answer: (request: Request) => Promise<Response>) {
  return async (url: string | URL, init: RequestInit): Promise<Response> => answer(new Request(url, init));
}

/** As when nobody listens there. */
function refuseConnection(request: Request): Promise<Response> {
  const remedy = `${request.url} is out of reach in tests. Answer it: startHomeserver({ fetch: async (request) => ... })`;
  const cause = Object.assign(new Error(remedy), { code: 'ECONNREFUSED' });
  return Promise.reject(new TypeError('fetch failed', { cause }));
}
