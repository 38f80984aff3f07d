import type { RateLimit } from '../../config/homeserver/rate-limits.js';
import type { UserId } from '../../matrix/ids.js';
import type { Requester } from '../../matrix/requester.js';
import type { Clock } from './clock.js';
import { LimitExceededError } from './rate-limit-error.js';

/** What a limiter is made of. */
export interface RateLimiterOptions {
  /** Synapse's name, such as `rc_invites.per_room`. */
  readonly name: string;
  /** Undefined: no limit. */
  readonly limit: RateLimit | undefined;
  readonly clock: Clock;
  /** The limit that an admin gave this user; a rate of 0 lifts all limits. */
  readonly overrideOf: (entity: string) => RateLimit | undefined;
  /** Asks modules; only the limiters of invites do. */
  readonly ask?: (userId: UserId, name: string) => Promise<RateLimit | undefined>;
}

/** How one question to a limiter differs from the usual. */
export interface RateLimitQuestion {
  /** What is counted; the requester's user ID when absent. */
  readonly key?: string;
  /** Instead of the configured limit. */
  readonly limit?: RateLimit;
  /** False only looks, and counts nothing. */
  readonly update?: boolean;
  readonly actions?: number;
  /** Milliseconds before a refusal is answered. */
  readonly pauseMs?: number;
}

interface Bucket {
  readonly actions: number;
  /** When the bucket was last empty, in seconds. */
  readonly since: number;
  readonly rate: number;
}

/** Buckets are looked through for empty ones when there are twice as many as were left the last time, and at least so many. */
const SWEEP_AT = 1000;

/** A leaking bucket for each key (`api/ratelimiting.py: Ratelimiter`). */
export class RateLimiter {
  private readonly buckets = new Map<string, Bucket>();
  private sweepAt = SWEEP_AT;

  constructor(private readonly options: RateLimiterOptions) {}

  /** Refuses with 429 when the action is one too many. Without a requester the key must be given. */
  async check(requester: Requester | undefined, question: RateLimitQuestion = {}): Promise<void> {
    if (this.options.limit === undefined && question.limit === undefined && this.options.ask === undefined) return;
    const { isAllowed, allowedAt } = await this.decide(requester, question);
    if (isAllowed) return;
    const retryAfterMs = Math.trunc(1000 * allowedAt - this.options.clock.now());
    throw new LimitExceededError(this.options.name, retryAfterMs, question.pauseMs ?? 500);
  }

  /** Whether the action may be done, and when the next one may, in seconds since 1970. */
  async decide(
    requester: Requester | undefined,
    question: RateLimitQuestion = {},
  ): Promise<{ readonly isAllowed: boolean; readonly allowedAt: number }> {
    const limit = await this.limitFor(requester, question.limit);
    if (limit === undefined) return { isAllowed: true, allowedAt: -1 };
    const key = question.key ?? requester?.userId ?? '';
    const now = this.options.clock.now() / 1000;
    const before = leaked(this.buckets.get(key) ?? { actions: 0, since: now, rate: limit.perSecond }, now, limit);
    const actions = question.actions ?? 1;
    const isAllowed = before.level <= limit.burstCount - actions;
    const done = before.actions + (isAllowed ? actions : 0);
    const { since } = before;
    if (isAllowed && question.update !== false) {
      this.store(key, { actions: done, since, rate: limit.perSecond }, now);
    }
    const allowedAt = limit.perSecond > 0 ? Math.max(now, since + (done - limit.burstCount + 1) / limit.perSecond) : -1;
    return { isAllowed, allowedAt };
  }

  /** Counts what happened without being asked about; negative numbers give back. */
  record(key: string, actions = 1): void {
    const { limit } = this.options;
    if (limit === undefined) return;
    const now = this.options.clock.now() / 1000;
    const bucket = this.buckets.get(key) ?? { actions: 0, since: now, rate: limit.perSecond };
    this.store(key, { ...bucket, actions: bucket.actions + actions }, now);
  }

  private async limitFor(
    requester: Requester | undefined,
    limit: RateLimit | undefined,
  ): Promise<RateLimit | undefined> {
    const configured = limit ?? this.options.limit;
    if (requester === undefined) return configured;
    const override = this.options.overrideOf(requester.authenticatedEntity);
    if (override?.perSecond === 0) return undefined;
    return (await this.options.ask?.(requester.userId, this.options.name)) ?? configured;
  }

  private store(key: string, bucket: Bucket, now: number): void {
    // Python divides by the rate here, so that a rate of 0 with a burst left is an error, and the client gets 500.
    if (bucket.rate === 0) throw new RangeError(`${this.options.name}: a rate of 0 per second`);
    if (isEmpty(bucket, now)) {
      this.buckets.delete(key);
      return;
    }
    this.buckets.set(key, bucket);
    if (this.buckets.size < this.sweepAt) return;
    for (const [other, full] of this.buckets) if (isEmpty(full, now)) this.buckets.delete(other);
    this.sweepAt = Math.max(SWEEP_AT, 2 * this.buckets.size);
  }
}

/** What is in a bucket now; one that leaked empty begins anew. */
function leaked(
  bucket: Bucket,
  now: number,
  limit: RateLimit,
): { readonly level: number; readonly actions: number; readonly since: number } {
  const level = bucket.actions - (now - bucket.since) * limit.perSecond;
  return level < 0 ? { level: 0, actions: 0, since: now } : { level, actions: bucket.actions, since: bucket.since };
}

function isEmpty(bucket: Bucket, now: number): boolean {
  return bucket.since + bucket.actions / bucket.rate <= now;
}
