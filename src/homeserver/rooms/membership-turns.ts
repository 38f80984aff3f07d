import { AsyncLocalStorage } from 'node:async_hooks';
import { VesicleError } from '../../errors/vesicle-error.js';
import type { RoomId } from '../../matrix/ids.js';

/** A change of a room's memberships that has its turn or waits for it. */
interface Turn {
  readonly roomId: RoomId;
  /** The change from inside of which this one is made, and so on. */
  readonly outer: Turn | undefined;
}

/** The interval after which a change that waits is looked at again, in milliseconds. */
const patience = 5000;

/**
 * Lets the memberships of a room change one after another, each judged by what the one before it left
 * (`room_member.py: member_linearizer`). A callback that is asked about a change and awaits another one of the same room would
 * wait for itself: Synapse does so for ever, here the second change fails after a while and says why.
 */
export class MembershipTurns {
  private readonly last = new Map<RoomId, Promise<void>>();
  /** The change that each room is busy with. */
  private readonly holders = new Map<RoomId, Turn>();
  /** Changes made from inside others that wait. */
  private readonly waiting = new Set<Turn>();
  private readonly current = new AsyncLocalStorage<Turn>();

  constructor(private readonly longest = patience) {}

  /** Does `work` when all changes of the room that came before are done. */
  async take<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    const turn: Turn = { roomId, outer: this.current.getStore() };
    const before = this.last.get(roomId);
    let end = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    const mine = before === undefined ? done : before.then(() => done);
    this.last.set(roomId, mine);
    try {
      if (before !== undefined) await this.wait(before, turn);
      this.holders.set(roomId, turn);
      return await this.current.run(turn, work);
    } finally {
      if (this.holders.get(roomId) === turn) this.holders.delete(roomId);
      end();
      if (this.last.get(roomId) === mine) this.last.delete(roomId);
    }
  }

  private async wait(before: Promise<void>, turn: Turn): Promise<void> {
    if (turn.outer === undefined) return before;
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<never>((_resolve, reject) => {
      timer = setInterval(() => {
        if (this.waitsForItself(turn))
          reject(new VesicleError('ROOMS_MEMBERSHIP_WAITS_FOR_ITSELF', { room: turn.roomId }));
      }, this.longest).unref();
    });
    this.waiting.add(turn);
    try {
      await Promise.race([before, stuck]);
    } finally {
      clearInterval(timer);
      this.waiting.delete(turn);
    }
  }

  /** Whether what this change waits for cannot end before it, be it by way of changes of other rooms. */
  private waitsForItself(turn: Turn): boolean {
    const seen = new Set<Turn>();
    const open: Turn[] = [turn];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const holder = this.holders.get(next.roomId);
      if (holder === undefined || seen.has(holder)) continue;
      if (isInside(turn, holder)) return true;
      seen.add(holder);
      for (const other of this.waiting) if (isInside(other, holder)) open.push(other);
    }
    return false;
  }
}

/** Whether a change is made from inside another one. */
function isInside(turn: Turn, other: Turn): boolean {
  for (let outer = turn.outer; outer !== undefined; outer = outer.outer) if (outer === other) return true;
  return false;
}
