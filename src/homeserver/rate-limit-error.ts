import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';

/** 429: a limiter refused an action (`api/errors.py: LimitExceededError`). */
export class LimitExceededError extends SynapseError {
  constructor(
    /** For the log: clients do not learn it. */
    readonly limiterName: string,
    retryAfterMs: number,
    /** Milliseconds before the answer is sent, so that clients which try again at once are slowed down. */
    readonly pauseMs: number,
  ) {
    super(
      429,
      'Too Many Requests',
      Codes.LIMIT_EXCEEDED,
      { retry_after_ms: retryAfterMs },
      { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
    );
    this.name = 'LimitExceededError';
  }
}
