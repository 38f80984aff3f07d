import type { EventId, UserId } from '../../matrix/ids.js';
import { BoundedCache } from '../store/database/bounded-cache.js';

/** Remembers which member events devices were sent, so that they need not be sent again (`LazyLoadedMembersCache`). */
export class LazyMembers {
  private readonly devices = new BoundedCache<string, BoundedCache<EventId, number>>(500);

  /** What one device knows as the sync that goes on from `since` begins. */
  of(userId: UserId, deviceId: string | undefined, since: number | undefined): KnownMembers {
    const key = `${userId}|${deviceId ?? ''}`;
    let sent = this.devices.get(key);
    if (sent === undefined || since === undefined) {
      this.devices.set(key, (sent = new BoundedCache<EventId, number>(1000)));
    }
    return new KnownMembers(sent, since ?? -1);
  }
}

/** The member events that one device was sent. */
export class KnownMembers {
  constructor(
    private readonly sent: BoundedCache<EventId, number>,
    private readonly since: number,
  ) {}

  /** What was sent after the sync that the device goes on from got lost on the way. */
  has(eventId: EventId): boolean {
    const sentAt = this.sent.get(eventId);
    return sentAt !== undefined && sentAt <= this.since;
  }

  /** Notes that an event is sent with the sync that ends at this position. */
  add(eventId: EventId, position: number): void {
    this.sent.set(eventId, position);
  }
}
