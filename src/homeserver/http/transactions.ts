import { type Requester } from '../../matrix/requester.js';
import { type Clock } from '../clock.js';
import { pathOf } from './responses.js';
import { type Answer, type Call } from './route.js';

const KEPT_MS = 30 * 60_000;

interface Transaction {
  readonly answer: Promise<Answer>;
  readonly startedAt: number;
}

/** Gives a request that is sent again the answer of the first time (`rest/client/transactions.py: HttpTransactionCache`). */
export class HttpTransactions {
  private readonly known = new Map<string, Transaction>();

  constructor(private readonly clock: Clock) {}

  /** Runs the work unless the same device has sent this request before; failures are not kept. */
  run(call: Call, requester: Requester, work: () => Promise<Answer>): Promise<Answer> {
    this.forgetOld();
    const key = JSON.stringify([call.method, pathOf(call.request), requester.userId, requester.deviceId ?? null]);
    const known = this.known.get(key);
    if (known !== undefined) return known.answer;
    const answer = work();
    this.known.set(key, { answer, startedAt: this.clock.now() });
    answer.catch(() => this.known.delete(key));
    return answer;
  }

  private forgetOld(): void {
    const before = this.clock.now() - KEPT_MS;
    for (const [key, { startedAt }] of this.known) {
      if (startedAt >= before) return;
      this.known.delete(key);
    }
  }
}
