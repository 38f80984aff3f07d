import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RateLimit } from '../../../src/config/homeserver/rate-limits.js';
import { LimitExceededError } from '../../../src/homeserver/runtime/rate-limit-error.js';
import { RateLimiter, type RateLimiterOptions } from '../../../src/homeserver/runtime/rate-limiter.js';
import type { UserId } from '../../../src/matrix/ids.js';
import type { Requester } from '../../../src/matrix/requester.js';
import { ManualTimers } from '../../support/manual-timers.js';

const alice: Requester = {
  userId: '@alice:hs.test' as UserId,
  isGuest: false,
  shadowBanned: false,
  authenticatedEntity: '@alice:hs.test',
};

function limiter(
  limit: RateLimit | undefined,
  more: Partial<RateLimiterOptions> = {},
): { readonly clock: ManualTimers; readonly limiter: RateLimiter } {
  const clock = new ManualTimers();
  clock.advance(1_000_000);
  return { clock, limiter: new RateLimiter({ name: 'rc_test', limit, clock, overrideOf: () => undefined, ...more }) };
}

async function refusal(limited: RateLimiter, question = {}): Promise<LimitExceededError | undefined> {
  try {
    await limited.check(alice, question);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof LimitExceededError);
    return error;
  }
}

test('so many at once pass, then one for each drop that leaks', async () => {
  const { limiter: limited, clock } = limiter({ perSecond: 0.5, burstCount: 2 });
  assert.equal(await refusal(limited), undefined);
  assert.equal(await refusal(limited), undefined);
  const refused = await refusal(limited);
  assert.equal(refused?.additionalFields['retry_after_ms'], 2000);
  assert.equal(refused.headers['Retry-After'], '2');
  assert.equal(refused.pauseMs, 500);
  clock.advance(1999);
  assert.notEqual(await refusal(limited), undefined);
  clock.advance(1);
  assert.equal(await refusal(limited), undefined);
  assert.notEqual(await refusal(limited), undefined);
});

test('keys are counted apart, and a look counts nothing', async () => {
  const { limiter: limited } = limiter({ perSecond: 1, burstCount: 1 });
  assert.equal(await refusal(limited, { key: 'a', update: false }), undefined);
  assert.equal(await refusal(limited, { key: 'a' }), undefined);
  assert.notEqual(await refusal(limited, { key: 'a' }), undefined);
  assert.equal(await refusal(limited, { key: 'b' }), undefined);
});

test('several actions pass together or not at all; what happened unasked counts too', async () => {
  const { limiter: limited } = limiter({ perSecond: 1, burstCount: 3 });
  assert.notEqual(await refusal(limited, { actions: 4 }), undefined);
  assert.equal(await refusal(limited, { actions: 2 }), undefined);
  limited.record(alice.userId);
  assert.notEqual(await refusal(limited), undefined);
  limited.record(alice.userId, -1);
  assert.equal(await refusal(limited), undefined);
});

test('an override of 0 lifts the limit, any other leaves it', async () => {
  for (const [perSecond, isLifted] of [
    [0, true],
    [5, false],
  ] as const) {
    const { limiter: limited } = limiter(
      { perSecond: 1, burstCount: 0 },
      { overrideOf: () => ({ perSecond, burstCount: 0 }) },
    );
    assert.equal((await refusal(limited)) === undefined, isLifted);
  }
});

test('a module’s limit takes the place of the configured one, also where there is none', async () => {
  for (const limit of [{ perSecond: 1, burstCount: 100 }, undefined]) {
    const { limiter: limited } = limiter(limit, { ask: async () => ({ perSecond: 1, burstCount: 1 }) });
    assert.equal(await refusal(limited), undefined);
    assert.notEqual(await refusal(limited), undefined);
  }
});

test('a rate of 0 with a burst is an error, as in Synapse; with none it refuses everything', async () => {
  const { limiter: broken } = limiter(undefined, { ask: async () => ({ perSecond: 0, burstCount: 1 }) });
  await assert.rejects(broken.check(alice), RangeError);
  const { limiter: closed } = limiter(undefined, { ask: async () => ({ perSecond: 0, burstCount: 0 }) });
  assert.notEqual(await refusal(closed), undefined);
});

test('without a limit everything passes', async () => {
  const { limiter: limited } = limiter(undefined);
  for (let n = 0; n < 100; n++) assert.equal(await refusal(limited), undefined);
});

test('empty buckets are forgotten', async () => {
  const { limiter: limited, clock } = limiter({ perSecond: 10, burstCount: 1 });
  for (let n = 0; n < 5000; n++) {
    await limited.check(alice, { key: `k${n}` });
    clock.advance(50);
  }
  const { buckets } = limited as unknown as { buckets: Map<string, unknown> };
  assert.ok(buckets.size <= 1000, String(buckets.size));
});
