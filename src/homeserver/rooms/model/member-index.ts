import type { RoomEvent } from './room-event.js';

/** So many members are known by name: those that a client needs to name the room, and the client's own user. */
const known = 6;

/** How many members of each membership a room has, and who was so first: kept as it changes, not counted when asked. */
export class MemberIndex {
  private readonly counts = new Map<string, number>();
  /** Of the memberships that somebody asked for. */
  private readonly first = new Map<string, readonly RoomEvent[]>();

  count(membership: string): number {
    return this.counts.get(membership) ?? 0;
  }

  /** Notes that one member event takes the place of another. */
  replace(before: RoomEvent | undefined, after: RoomEvent | undefined): void {
    if (before?.membership !== undefined) this.remove(before, before.membership);
    if (after?.membership !== undefined) this.add(after, after.membership);
  }

  /** The members with a membership whose events are the oldest, at most {@link known} of them. */
  firstWith(membership: string, members: Iterable<RoomEvent>): readonly RoomEvent[] {
    let first = this.first.get(membership);
    if (first === undefined) this.first.set(membership, (first = oldest(membership, members)));
    return first;
  }

  copy(): MemberIndex {
    const copy = new MemberIndex();
    for (const [membership, count] of this.counts) copy.counts.set(membership, count);
    for (const [membership, events] of this.first) copy.first.set(membership, events);
    return copy;
  }

  private remove(event: RoomEvent, membership: string): void {
    this.counts.set(membership, this.count(membership) - 1);
    if (this.first.get(membership)?.includes(event) === true) this.first.delete(membership);
  }

  private add(event: RoomEvent, membership: string): void {
    this.counts.set(membership, this.count(membership) + 1);
    const last = this.first.get(membership)?.[known - 1];
    // Whoever comes behind enough others is not among the first.
    if (last === undefined || event.position <= last.position) this.first.delete(membership);
  }
}

function oldest(membership: string, members: Iterable<RoomEvent>): readonly RoomEvent[] {
  const found: RoomEvent[] = [];
  for (const event of members) {
    if (event.membership !== membership) continue;
    const last = found[known - 1];
    if (last !== undefined && last.position <= event.position) continue;
    const at = found.findIndex((other) => other.position > event.position);
    found.splice(at < 0 ? found.length : at, 0, event);
    found.length = Math.min(found.length, known);
  }
  return found;
}
