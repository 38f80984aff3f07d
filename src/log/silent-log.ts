import { Logger } from './logger.js';

const nothing = (): void => undefined;

class SilentLog extends Logger {
  readonly debug = nothing;
  readonly info = nothing;
  readonly warn = nothing;
  readonly error = nothing;
  readonly child = (): Logger => this;
}

/** Writes nothing. */
export const silentLog: Logger = new SilentLog();
