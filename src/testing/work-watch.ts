import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work is waited for that neither ends nor waits for the clock, in milliseconds. */
const patienceMs = 2000;

interface Job {
  /** How many timers of the clock it has set that have not come yet. */
  timers: number;
  /** It did not end in time: it waits for something outside, and nobody waits for it any more. */
  isGivenUp: boolean;
}

/** Knows the background work of homeservers, and which of it waits for the clock. */
export class WorkWatch {
  private readonly jobs = new Set<Job>();
  private readonly current = new AsyncLocalStorage<Job>();

  /** Runs work that is to be known of. */
  readonly around = async (work: () => Promise<void>): Promise<void> => {
    const job: Job = { timers: 0, isGivenUp: false };
    this.jobs.add(job);
    try {
      await this.current.run(job, work);
    } finally {
      this.jobs.delete(job);
    }
  };

  /** The work that is going on has set a timer; to be called when that came, or was taken back. */
  timerSet(): () => void {
    const job = this.current.getStore();
    if (job === undefined) return () => undefined;
    job.timers++;
    return () => {
      job.timers--;
    };
  }

  /** Resolves when all work has ended or waits for the clock. */
  async settle(): Promise<void> {
    const startedAt = performance.now();
    await nextTurn();
    for (let busy = this.busy(); busy.length > 0; busy = this.busy()) {
      if (performance.now() - startedAt > patienceMs) for (const job of busy) job.isGivenUp = true;
      await nextTurn();
    }
  }

  private busy(): readonly Job[] {
    return [...this.jobs].filter((job) => job.timers === 0 && !job.isGivenUp);
  }
}
