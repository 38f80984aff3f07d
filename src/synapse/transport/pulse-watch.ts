import type { Logger } from '../../log/logger.js';
import { limits } from '../protocol/protocol.js';

/** Asks the other side from time to time whether it is there, and says when it is not. */
export class PulseWatch {
  private timer: NodeJS.Timeout | undefined;
  /** Milliseconds since the ping was sent that has not been answered. */
  private silence: number | undefined;
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
    if (this.silence === undefined) {
      this.silence = 0;
      this.ping().then(this.answered, () => undefined);
      return;
    }
    this.silence += limits.pingEvery;
    if (this.isUnresponsive || this.silence < limits.pongWithin) return;
    this.isUnresponsive = true;
    this.log.warn(`Synapse has not answered for ${this.silence / 1000} s: it is busy or stopped.`);
  }

  private readonly answered = (): void => {
    this.silence = undefined;
    if (this.isUnresponsive) this.log.info('Synapse answers again.');
    this.isUnresponsive = false;
  };
}
