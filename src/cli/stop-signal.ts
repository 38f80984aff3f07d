import type { Terminal } from './terminal.js';

/** The first and the second request to stop. With `endsWithOutput`, output that nobody reads any more is one. */
export class StopSignal implements Disposable {
  readonly requested: Promise<void>;
  readonly repeated: Promise<void>;
  private requests = 0;
  private readonly forget: () => void;

  constructor(terminal: Terminal, { endsWithOutput = false }: { readonly endsWithOutput?: boolean } = {}) {
    let first = (): void => {};
    let second = (): void => {};
    this.requested = new Promise((resolve) => (first = resolve));
    this.repeated = new Promise((resolve) => (second = resolve));
    const stop = (): void => {
      this.requests++;
      if (this.requests === 1) first();
      else second();
    };
    this.forget = terminal.onStop(stop);
    if (endsWithOutput) terminal.onOutputGone(stop);
  }

  get isRepeated(): boolean {
    return this.requests > 1;
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}
