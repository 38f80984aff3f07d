/** Whether a callback is called: `closed` yes, `open` no, `half-open` once, to see whether it works again. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Failures in a row that open the circuit. */
export const failuresToOpen = 5;
/** Milliseconds before a call is tried again. */
export const pauseMs = 10_000;

/** Stops calling what keeps failing: only timeouts and lost connections count, since a throw means what it means in Synapse. */
export class CircuitBreaker {
  private failures = 0;
  private openedAt = 0;
  private isTrying = false;

  constructor(
    private readonly now: () => number,
    private readonly onChange: (state: BreakerState) => void,
  ) {}

  get state(): BreakerState {
    if (this.failures < failuresToOpen) return 'closed';
    return this.isTrying || this.now() - this.openedAt >= pauseMs ? 'half-open' : 'open';
  }

  /** Whether a call may be made now; a half-open circuit lets one through at a time. */
  mayCall(): boolean {
    const { state } = this;
    if (state === 'half-open' && !this.isTrying) {
      this.isTrying = true;
      return true;
    }
    return state === 'closed';
  }

  /** A call was answered, or threw of its own. */
  succeeded(): void {
    const wasOpen = this.failures >= failuresToOpen;
    this.failures = 0;
    this.isTrying = false;
    if (wasOpen) this.onChange('closed');
  }

  /** A call took too long, or its connection was lost. */
  failed(): void {
    this.failures++;
    this.isTrying = false;
    if (this.failures < failuresToOpen) return;
    this.openedAt = this.now();
    if (this.failures === failuresToOpen) this.onChange('open');
  }
}
