import { VesicleError } from '../../errors/vesicle-error.js';

/** A request of the other side that is being answered. Handles that came with it end with it. */
export class IncomingCall {
  private isOver = false;
  private listeners: (() => void)[] | undefined;

  /** Calls when nobody waits for the answer any more: it was cancelled, or the connection ended. */
  onCancel(listener: () => void): void {
    (this.listeners ??= []).push(listener);
  }

  /** Notes that what came with the call is gone. */
  end(how: 'answered' | 'cancelled'): void {
    if (this.isOver) return;
    this.isOver = true;
    if (how === 'cancelled') for (const listener of this.listeners ?? []) listener();
    this.listeners = undefined;
  }

  /** Throws when the call is over: what it brought cannot be used any more. */
  use(what: string): void {
    if (this.isOver) throw new VesicleError('SYNAPSE_HANDLE_ENDED', { what });
  }
}
