import type { Timers } from '../../src/dispatch/timers.js';

/** Time that stands until a test moves it. */
export class ManualTimers implements Timers {
  private time = 0;
  private pending: { readonly at: number; readonly call: () => void }[] = [];

  readonly now = (): number => this.time;

  readonly after = (ms: number, call: () => void): { readonly cancel: () => void } => {
    const timer = { at: this.time + ms, call };
    this.pending.push(timer);
    return {
      cancel: () => {
        this.pending = this.pending.filter((other) => other !== timer);
      },
    };
  };

  readonly pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.after(ms, resolve);
    });

  /** How many timers are set. */
  get count(): number {
    return this.pending.length;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.time += ms;
    const due = this.pending.filter((timer) => timer.at <= this.time);
    this.pending = this.pending.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.call();
  }
}
