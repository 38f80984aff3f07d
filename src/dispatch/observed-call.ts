import type { CallbackMode } from '../callbacks/callback-options.js';

/** One call of one callback, or why there was none, as observers of a dispatcher see it. */
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
  /** Why the callback was not called: its `when` did not fit, or its mode is `off`. */
  readonly skipped?: 'when' | 'off';
  /** In `audit` the result was not used. */
  readonly mode: CallbackMode;
  /** When the call began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds of real time, whatever the homeserver's clock says. */
  readonly duration: number;
}

/** Told of each call after it ended, and of each that was left out. */
export type CallObserver = (call: ObservedCall) => void;
