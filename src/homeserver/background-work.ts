import { type Logger } from '../log/logger.js';

/** Work that no request waits for. */
export class BackgroundWork {
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly log: Logger) {}

  /** Starts work; its failure is logged. */
  readonly start = (name: string, work: () => Promise<void>): void => {
    const done = this.run(name, work).finally(() => {
      this.running.delete(done);
    });
    this.running.add(done);
  };

  /** Resolves when nothing is running, work started meanwhile included. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private async run(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.log.error(`Background process '${name}' threw an exception`, { err: error });
    }
  }
}
