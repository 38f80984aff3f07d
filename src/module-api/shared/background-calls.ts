import type { BackgroundCall } from '../background-call.js';
import { noteWork } from '../../dispatch/latest-work.js';
import type { Timers } from '../../dispatch/timers.js';
import { HostError } from '../../errors/host-error.js';

type Timer = ReturnType<Timers['after']>;

/** What background calls need of their homeserver. */
export interface BackgroundHost {
  readonly clock: Timers;
  /** Runs work that nobody waits for, for a module. */
  readonly inBackground: (name: string, work: () => Promise<void>, module: string) => void;
}

/** The calls that a module has planned; they end with it (`util/clock.py`). */
export class BackgroundCalls implements Disposable {
  private readonly pending = new Set<Timer>();
  private isDisposed = false;

  constructor(
    private readonly host: BackgroundHost,
    private readonly module: string,
  ) {}

  /** Calls again and again, on multiples of the interval since now; runs never overlap. */
  loop(name: string, intervalMs: number, call: () => unknown): void {
    const { clock } = this.host;
    const start = clock.now();
    const plan = (): void => {
      const elapsed = clock.now() - start;
      const next = (Math.floor(elapsed / intervalMs) + 1) * intervalMs;
      this.after(next - elapsed, run);
    };
    const run = (): void => {
      this.start(name, async () => {
        try {
          await call();
        } finally {
          plan();
        }
      });
    };
    plan();
  }

  /** Calls once. */
  delay(name: string, ms: number, call: () => unknown): BackgroundCall {
    return new DelayedCall(this.host.clock, ms, (inMs, due) =>
      this.after(inMs, () => {
        due();
        this.start(name, async () => {
          await call();
        });
      }),
    );
  }

  /** The result of work that closing the homeserver waits for; undefined when it fails, which is logged. */
  run<Result>(name: string, work: () => Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve) => {
      this.start(name, async () => {
        try {
          resolve(await work());
        } catch (error) {
          resolve(undefined);
          throw error;
        }
      });
    });
  }

  /** Runs work in a later turn of the event loop. */
  async later<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return work();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
    for (const timer of this.pending) timer.cancel();
    this.pending.clear();
  }

  private start(name: string, work: () => Promise<void>): void {
    const { module, host } = this;
    const title = name === '' ? 'an anonymous function' : name;
    host.inBackground(
      title,
      () => {
        noteWork(module, title);
        return work();
      },
      module,
    );
  }

  private after(ms: number, call: () => void): Timer {
    if (this.isDisposed) return { cancel: () => undefined };
    const timer = this.host.clock.after(ms, () => {
      this.pending.delete(planned);
      call();
    });
    const planned: Timer = {
      cancel: () => {
        this.pending.delete(planned);
        timer.cancel();
      },
    };
    this.pending.add(planned);
    return planned;
  }
}

/** Twisted's `DelayedCall`: times in seconds. */
class DelayedCall implements BackgroundCall {
  private state: 'pending' | 'called' | 'cancelled' = 'pending';
  private dueAt: number;
  private timer: Timer;

  constructor(
    private readonly clock: Timers,
    ms: number,
    private readonly plan: (ms: number, due: () => void) => Timer,
  ) {
    this.dueAt = clock.now() + ms;
    this.timer = this.planAgain();
  }

  readonly cancel = async (): Promise<void> => {
    this.checkPending();
    this.timer.cancel();
    this.state = 'cancelled';
  };

  readonly active = async (): Promise<boolean> => this.state === 'pending';

  readonly getTime = async (): Promise<number> => this.dueAt / 1000;

  readonly reset = async (secondsFromNow: number): Promise<void> => {
    this.move(this.clock.now() + secondsFromNow * 1000);
  };

  readonly delay = async (secondsLater: number): Promise<void> => {
    this.move(this.dueAt + secondsLater * 1000);
  };

  private move(dueAt: number): void {
    this.checkPending();
    this.timer.cancel();
    this.dueAt = dueAt;
    this.timer = this.planAgain();
  }

  private planAgain(): Timer {
    return this.plan(Math.max(this.dueAt - this.clock.now(), 0), () => {
      this.state = 'called';
    });
  }

  private checkPending(): void {
    if (this.state === 'called') throw new HostError('AlreadyCalled', 'Tried to cancel an already-called event.');
    if (this.state === 'cancelled') {
      throw new HostError('AlreadyCancelled', 'Tried to cancel an already-cancelled event.');
    }
  }
}
