import { Logger } from '../src/log/logger.js';

/** Writes nothing. */
export class SilentLog extends Logger {
  readonly debug = nothing;
  readonly info = nothing;
  readonly warn = nothing;
  readonly error = nothing;
  readonly child = (): Logger => this;
}

function nothing(): void {
  // A line that is not written costs nothing.
}
