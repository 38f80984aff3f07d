import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';

/** 429: a limiter refused an action (`api/errors.py: LimitExceededError`). */
export class LimitExceededError extends SynapseError {
  constructor(
    /** For the log: clients do not learn it. */
    readonly limiterName: string,
    retryAfterMs: number | undefined,
    /** Milliseconds before the answer is sent, so that clients which try again at once are slowed down. */
    readonly pauseMs: number,
    message = 'Too Many Requests',
  ) {
    super(
      429,
      message,
      Codes.LIMIT_EXCEEDED,
      retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs },
      retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
    );
    this.name = 'LimitExceededError';
  }
}
