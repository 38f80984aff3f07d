import type { Requester } from '../../../matrix/requester.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import { pathParam } from './room-request.js';
import { type Answer, type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';

/** How many finished transactions are remembered. */
const limit = 2000;

/** What an endpoint does, with the ID of the transaction when there is one. */
type Work = (call: Call, requester: Requester, txnId?: string) => Promise<Answer>;

/** How endpoints with transactions differ. */
interface TransactionOptions {
  readonly allowGuest?: boolean;
  /** Whether an answer is remembered; no need to where what was sent is found again in the database. */
  readonly isKept?: (call: Call, requester: Requester) => boolean;
}

/** Runs the request with a transaction ID once, however often it comes (`rest/client/transactions.py`). Failures are forgotten. */
export class RequestTransactions {
  private readonly answers = new BoundedCache<string, Promise<Answer>>(limit);
  private readonly running = new Map<string, Promise<Answer>>();

  /** The two endpoints of something that is done once: POST without, PUT with the ID of a transaction in the path. */
  routes(path: string, work: Work, { allowGuest = true, isKept = () => true }: TransactionOptions = {}): Route[] {
    return [
      {
        method: 'POST',
        paths: clientPaths(path, oldestVersions),
        handle: async (call) => work(call, await call.requester({ allowGuest })),
      },
      {
        method: 'PUT',
        paths: clientPaths(`${path}/:txnId`, oldestVersions),
        handle: async (call) => {
          const requester = await call.requester({ allowGuest });
          return this.once(
            call,
            requester,
            () => work(call, requester, pathParam(call, 'txnId')),
            isKept(call, requester),
          );
        },
      },
    ];
  }

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
