import type { Logger } from '../log/logger.js';
import { limits } from './protocol.js';

/** Asks the other side from time to time whether it is there, and says when it is not. */
export class PulseWatch {
  private timer: NodeJS.Timeout | undefined;
  /** When the ping was sent that has not been answered. */
  private askedAt: number | undefined;
  private isUnresponsive = false;

  constructor(
    private readonly ping: () => Promise<unknown>,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => {
      this.beat();
    }, limits.pingEvery).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    const now = performance.now();
    if (this.askedAt === undefined) {
      this.askedAt = now;
      this.ping().then(this.answered, () => undefined);
    } else if (!this.isUnresponsive && now - this.askedAt >= limits.pongWithin) {
      this.isUnresponsive = true;
      this.log.warn(
        `Synapse has not answered for ${Math.round((now - this.askedAt) / 1000)} s: it is busy or stopped.`,
      );
    }
  }

  private readonly answered = (): void => {
    this.askedAt = undefined;
    if (this.isUnresponsive) this.log.info('Synapse answers again.');
    this.isUnresponsive = false;
  };
}
