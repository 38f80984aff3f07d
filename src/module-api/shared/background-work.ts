import { withTimeout } from '../../dispatch/with-timeout.js';
import type { Logger } from '../../log/logger.js';

/** Runs a piece of work, and knows of it until it ends. */
export type AroundWork = (work: () => Promise<void>) => Promise<void>;

/** Work in the background that failed. */
export interface BackgroundFailure {
  readonly name: string;
  /** The module that it was for. */
  readonly module: string | undefined;
  readonly error: unknown;
}

/** Work that no request waits for. */
export class BackgroundWork {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly log: Logger,
    private readonly around: AroundWork = (work) => work(),
    private readonly onFailure: (failure: BackgroundFailure) => void = () => undefined,
  ) {}

  /** Starts work; its failure is logged, with the name of the module that it is for. */
  readonly start = (name: string, work: () => Promise<void>, module?: string): void => {
    const done = this.run(name, work, module).finally(() => {
      this.running.delete(done);
    });
    this.running.add(done);
  };

  /** Resolves when nothing is running, work started meanwhile included, or after so many milliseconds. */
  async idle(limitMs = Infinity): Promise<void> {
    if (this.running.size > 0) await withTimeout(this.drained(), limitMs);
  }

  private async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private async run(name: string, work: () => Promise<void>, module: string | undefined): Promise<void> {
    try {
      await this.around(work);
    } catch (error) {
      this.onFailure({ name, module, error });
      const of = module === undefined ? '' : `${module}: `;
      const fields = module === undefined ? {} : { module };
      this.log.error(`${of}Background process '${name}' threw an exception`, { ...fields, err: error });
    }
  }
}
