import type { HomeserverConfig } from '../../config/homeserver/homeserver-config.js';
import type { Dispatcher } from '../../dispatch/dispatcher.js';
import type { Logger } from '../../log/logger.js';
import type { ServerName } from '../../matrix/ids.js';
import type { Clock } from './clock.js';
import type { Fetch } from '../../module-api/shared/fetch.js';
import type { Mailer } from './mailer.js';
import type { Notifier } from './notifier.js';
import type { PushGateway } from './push-gateway.js';
import type { Database } from '../store/database/database.js';
import type { Stream } from '../store/database/stream.js';

/** What every part of the embedded homeserver is given. */
export interface HomeserverContext {
  readonly config: HomeserverConfig;
  readonly serverName: ServerName;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dispatch: Dispatcher;
  readonly database: Database;
  /** Numbers every stored change. */
  readonly stream: Stream;
  /** Wakes long polls after a change was stored. */
  readonly notifier: Notifier;
  readonly mailer: Mailer;
  /** Asks other servers over HTTP, on behalf of modules and of users. */
  readonly fetch: Fetch;
  /** Takes the notifications of modules; over HTTP when absent. */
  readonly pushGateway?: PushGateway;
  /** Runs work that no request waits for; failures are logged, and closing the homeserver waits for it. */
  readonly inBackground: (name: string, work: () => Promise<void>, module?: string) => void;
}
