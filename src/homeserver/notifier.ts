import type { RoomId, UserId } from '../matrix/ids.js';
import type { Clock } from './clock.js';

/** What changed: something in rooms, or for users. */
export interface Change {
  readonly rooms?: readonly RoomId[];
  readonly users?: readonly UserId[];
}

interface Waiter {
  readonly userId: UserId;
  readonly rooms: ReadonlySet<RoomId>;
  readonly wake: () => void;
}

/** Wakes long polls (`notifier.py`). */
export class Notifier {
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly clock: Clock) {}

  /** Wakes everybody who waits for one of these rooms or users. */
  notify(change: Change): void {
    for (const waiter of [...this.waiters]) {
      const isConcerned =
        change.users?.includes(waiter.userId) === true || change.rooms?.some((room) => waiter.rooms.has(room)) === true;
      if (isConcerned) waiter.wake();
    }
  }

  /** Resolves at the next change that concerns the user, after `ms` milliseconds, or when aborted. */
  async wait(userId: UserId, rooms: ReadonlySet<RoomId>, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        this.waiters.delete(waiter);
        timer.cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const waiter: Waiter = { userId, rooms, wake: finish };
      const timer = this.clock.after(ms, finish);
      this.waiters.add(waiter);
      signal.addEventListener('abort', finish);
    });
  }
}
