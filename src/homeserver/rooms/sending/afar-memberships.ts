import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type RoomId, type ServerName, type UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { StateStore } from '../../store/state-store.js';
import type { RemoteRooms } from '../model/remote-rooms.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomEvents } from '../model/room-events.js';

/** A change of a membership that another server has to help with. */
export interface AfarChange {
  readonly requester: Requester;
  readonly target: UserId;
  readonly roomId: RoomId;
  readonly membership: string;
  readonly content: JsonObject;
  /** Servers that are said to be in the room. */
  readonly hosts: readonly string[] | undefined;
}

/** Memberships in rooms that nobody of this server is in (`handlers/room_member.py`). */
export class AfarMemberships {
  constructor(
    private readonly serverName: ServerName,
    private readonly states: StateStore,
    private readonly events: RoomEvents,
    private readonly remote: () => RemoteRooms,
  ) {}

  /** Joins through another server: 404 when none is known, 502 when none can be reached. */
  async join(change: AfarChange): Promise<RoomEvent> {
    const hosts = this.hostsFor(change);
    if (hosts.length > 0) return this.remote().join({ ...change, content: contentOf(change), hosts });
    throw new SynapseError(404, "Can't join remote room because no servers that are in the room have been provided.");
  }

  /** Changes another membership; undefined where it is done as in any other room. */
  async change(change: AfarChange): Promise<RoomEvent | undefined> {
    const { membership, target, roomId } = change;
    const hosts = this.hostsFor(change);
    const wish = { ...change, content: contentOf(change), hosts };
    if (membership === 'knock') {
      if (hosts.length > 0) return this.remote().knock(wish);
      throw new SynapseError(404, 'No known servers');
    }
    if (membership !== 'leave') return undefined;
    if (this.states.membership(target, roomId) === undefined) throw new SynapseError(404, 'Not a known room');
    const current = this.current(target, roomId);
    return current === undefined ? undefined : this.remote().leave(wish, current);
  }

  private hostsFor({ target, roomId, hosts = [] }: AfarChange): string[] {
    const current = this.current(target, roomId);
    const inviter = current?.membership === 'invite' ? [domainOf(current.sender)] : [];
    return [...hosts, ...inviter].filter((host) => host !== this.serverName);
  }

  /** The invite or knock by which somebody knows a room of other servers. */
  private current(target: UserId, roomId: RoomId): RoomEvent | undefined {
    const row = this.states.membership(target, roomId);
    const event = row === undefined ? undefined : this.events.find(row.event_id);
    if (event?.metadata.isOutlier !== true) return undefined;
    return event.membership === 'invite' || event.membership === 'knock' ? event : undefined;
  }
}

function contentOf({ requester, content }: AfarChange): JsonObject {
  return requester.isGuest ? { ...content, kind: 'guest' } : content;
}
