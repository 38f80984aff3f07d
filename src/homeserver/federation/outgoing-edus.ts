import { domainOf, type EventId, type RoomId, type ServerName, type UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import { randomLetters } from '../runtime/random-letters.js';
import type { FederationSender } from './federation-sender.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { StateStore } from '../store/state-store.js';
import type { Rooms } from '../rooms/model/rooms.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly states: StateStore;
  readonly rooms: Rooms;
}

/** A receipt to be told. */
export interface OutgoingReceipt {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly eventId: EventId;
  readonly ts: number;
  readonly threadId?: string;
}

/** Tells other servers what this server's users do besides sending events. */
export class OutgoingEdus {
  constructor(
    private readonly rooms: RoomParts,
    private readonly sender: FederationSender,
  ) {}

  typing(roomId: RoomId, userId: UserId, isTyping: boolean): void {
    if (!this.isTold(userId)) return;
    this.sender.sendEdu('m.typing', { room_id: roomId, user_id: userId, typing: isTyping }, this.serversIn(roomId));
  }

  /** Tells of a public receipt. */
  receipt({ roomId, userId, eventId, ts, threadId }: OutgoingReceipt): void {
    if (!this.isTold(userId)) return;
    const data = { ts, ...(threadId !== undefined && { thread_id: threadId }) };
    const content = { [roomId]: { 'm.read': { [userId]: { event_ids: [eventId], data } } } };
    this.sender.sendEdu('m.receipt', content, this.serversIn(roomId));
  }

  /** Tells the servers that share rooms with a user, and those of the users that modules want to be told. */
  presence(userId: UserId, content: JsonObject, others: Iterable<UserId>): void {
    if (!this.isTold(userId)) return;
    const servers = new Set(Array.from(others, domainOf));
    for (const { room_id: roomId, membership } of this.rooms.states.membershipsOf(userId)) {
      if (membership === 'join') for (const server of this.serversIn(roomId)) servers.add(server);
    }
    this.sender.sendEdu('m.presence', { push: [{ ...content, user_id: userId }] }, servers);
  }

  /** Sends messages to devices of users of another server: user to device to content. */
  toDevice(sender: UserId, type: string, messages: ReadonlyMap<ServerName, JsonObject>): void {
    for (const [server, content] of messages) {
      const edu = { sender, type, message_id: randomLetters(16), messages: content };
      this.sender.sendEdu('m.direct_to_device', edu, [server]);
    }
  }

  /** Whether there is anybody to tell, and the user is of this server. */
  private isTold(userId: UserId): boolean {
    return this.sender.hasPeers && domainOf(userId) === this.rooms.context.serverName;
  }

  private serversIn(roomId: RoomId): ReadonlySet<ServerName> {
    const room = this.rooms.rooms.find(roomId);
    return room === undefined ? new Set() : this.sender.serversIn(room.state);
  }
}
