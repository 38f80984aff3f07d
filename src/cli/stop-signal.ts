import type { Terminal } from './terminal.js';

/** The first and the second request to stop. */
export class StopSignal implements Disposable {
  readonly requested: Promise<void>;
  readonly repeated: Promise<void>;
  private requests = 0;
  private readonly forget: () => void;

  constructor(terminal: Terminal) {
    let first = (): void => {};
    let second = (): void => {};
    this.requested = new Promise((resolve) => (first = resolve));
    this.repeated = new Promise((resolve) => (second = resolve));
    this.forget = terminal.onStop(() => {
      this.requests++;
      if (this.requests === 1) first();
      else second();
    });
  }

  get isRepeated(): boolean {
    return this.requests > 1;
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}
