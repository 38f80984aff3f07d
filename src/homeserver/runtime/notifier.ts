import type { RoomId, UserId } from '../../matrix/ids.js';
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

/** So many are woken at once; others have their turn before the next. */
const wokenATurn = 8;

/** Wakes long polls (`notifier.py`). */
export class Notifier {
  private readonly waiters = new Set<Waiter>();
  /** Those who wait for their turn. */
  private readonly woken = new Set<Waiter>();
  private isWaking = false;

  constructor(private readonly clock: Clock) {}

  /** Wakes everybody who waits for one of these rooms or users: a few at once, whose answers are on their way before the others'. */
  notify(change: Change): void {
    for (const waiter of this.waiters) {
      const isConcerned =
        change.users?.includes(waiter.userId) === true || change.rooms?.some((room) => waiter.rooms.has(room)) === true;
      if (isConcerned) this.woken.add(waiter);
    }
    if (!this.isWaking) this.wakeSome();
  }

  /** Resolves at the next change that concerns the user, after `ms` milliseconds, or when aborted. */
  async wait(userId: UserId, rooms: ReadonlySet<RoomId>, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        this.waiters.delete(waiter);
        this.woken.delete(waiter);
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

  private wakeSome(): void {
    let left = wokenATurn;
    for (const waiter of this.woken) {
      if (left-- === 0) break;
      waiter.wake();
    }
    this.isWaking = this.woken.size > 0;
    if (this.isWaking) {
      setImmediate(() => {
        this.wakeSome();
      });
    }
  }
}
