/** One call of one callback, as observers of a dispatcher see it. */
export interface ObservedCall {
  readonly module: string;
  readonly category: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** On whose behalf, where the arguments say so. */
  readonly user?: string;
  /** What the callback answered; absent when it threw. */
  readonly answer?: unknown;
  /** What it threw, or why it could not be heard. */
  readonly error?: unknown;
  /** The result, when this call ended the asking. */
  readonly result?: unknown;
  /** The call refused what it was asked about. */
  readonly isRefusal: boolean;
  /** In `audit` the result was not used. */
  readonly mode: 'enforce' | 'audit';
  /** When the call began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** Told of each call after it ended. */
export type CallObserver = (call: ObservedCall) => void;
