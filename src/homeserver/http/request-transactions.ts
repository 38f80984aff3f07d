import type { Requester } from '../../matrix/requester.js';
import { BoundedCache } from '../store/bounded-cache.js';
import type { Answer, Call } from './route.js';

/** How many finished transactions are remembered. */
const limit = 2000;

/** Runs the request with a transaction ID once, however often it comes (`rest/client/transactions.py`). Failures are forgotten. */
export class RequestTransactions {
  private readonly answers = new BoundedCache<string, Promise<Answer>>(limit);
  private readonly running = new Map<string, Promise<Answer>>();

  /**
   * The answer of `work`, or the one that the same transaction got before. `isKept` false: only while it is running, for
   * requests whose repetition is recognised by what they stored.
   */
  async once(call: Call, requester: Requester, work: () => Promise<Answer>, isKept = true): Promise<Answer> {
    const key = keyOf(call, requester);
    const known = this.running.get(key) ?? this.answers.get(key);
    if (known !== undefined) return known;
    const answer = work();
    this.running.set(key, answer);
    try {
      const result = await answer;
      if (isKept) this.answers.set(key, answer);
      return result;
    } finally {
      this.running.delete(key);
    }
  }
}

function keyOf(call: Call, requester: Requester): string {
  const { pathname } = new URL(call.request.url);
  return JSON.stringify([pathname, requester.userId, requester.deviceId ?? requester.accessTokenId ?? null]);
}
