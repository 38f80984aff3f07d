import { VesicleError } from '../../../errors/vesicle-error.js';
import type { RoomId } from '../../../matrix/ids.js';
import { Place } from './membership-change-place.js';

/** A change of a room's memberships that has its turn or waits for it. */
interface Turn {
  readonly roomId: RoomId;
  readonly place: Place;
}

/** The interval after which a change that waits is looked at again, in milliseconds. */
const patience = 5000;

/**
 * Lets the memberships of a room change one after another, each judged by what the one before it left
 * (`room_member.py: member_linearizer`). A callback that is asked about a change and awaits another one of the same room would
 * wait for itself: Synapse does so for ever, here the second change fails after a while and says why. One that no callback awaits
 * any more, because the callback that asked for it has returned, waits for its turn however long that takes. As long as the
 * callback runs nobody can tell whether it awaits the change or something else that takes long: such a change fails, too, because
 * a room whose memberships never change again is worse.
 */
export class MembershipTurns {
  private readonly last = new Map<RoomId, Promise<void>>();
  /** The change that each room is busy with. */
  private readonly holders = new Map<RoomId, Turn>();
  /** Changes made from inside others that wait. */
  private readonly waiting = new Set<Turn>();

  constructor(private readonly longest = patience) {}

  /** Does `work` when all changes of the room that came before are done. */
  async take<T>(roomId: RoomId, work: () => Promise<T>): Promise<T> {
    const turn: Turn = { roomId, place: new Place() };
    const before = this.last.get(roomId);
    let end = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      end = resolve;
    });
    const mine = before === undefined ? done : before.then(() => done);
    this.last.set(roomId, mine);
    // Not before: a change that is refused while it waits ends earlier than the one before it.
    void mine.then(() => {
      if (this.last.get(roomId) === mine) this.last.delete(roomId);
    });
    try {
      if (before !== undefined) await this.wait(before, turn);
      this.holders.set(roomId, turn);
      return await turn.place.run(work);
    } finally {
      if (this.holders.get(roomId) === turn) this.holders.delete(roomId);
      end();
    }
  }

  private async wait(before: Promise<void>, turn: Turn): Promise<void> {
    if (!turn.place.isInside) return before;
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
      if (turn.place.mayBeAwaitedBy(holder.place)) return true;
      seen.add(holder);
      for (const other of this.waiting) if (other.place.mayBeAwaitedBy(holder.place)) open.push(other);
    }
    return false;
  }
}
