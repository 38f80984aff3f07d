import { type EventId, isOnServer, type RoomId, type ServerName, type UserId } from '../../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { MemberEvent } from '../rooms/model/room-event.js';
import type { EduHandlers } from './transactions.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';

interface RoomParts {
  readonly events: RoomEvents;
  readonly rooms: Rooms;
}

/** What is done with what passes between servers. */
export interface EduTargets {
  readonly startTyping: (roomId: RoomId, userId: UserId) => void;
  readonly stopTyping: (roomId: RoomId, userId: UserId) => void;
  readonly setPresence: (userId: UserId, change: ReceivedPresence, lastActiveAgo: number) => Promise<void>;
  readonly sendToDevices: (sender: UserId, type: string, messages: JsonObject) => void;
  readonly setReceipt: (roomId: RoomId, userId: UserId, type: string, event: EduEvent, threadId?: string) => void;
}

/** The event that somebody read. */
interface EduEvent {
  readonly eventId: EventId;
  readonly position: number;
}

/** What another server says of its user's presence. */
interface ReceivedPresence {
  readonly presence: string;
  readonly statusMsg: string | null;
}

/** Typing, receipts, presence and messages to devices from other servers; whatever else passes between servers is let pass. */
export function eduHandlers(rooms: RoomParts, targets: EduTargets): EduHandlers {
  /** The membership of a user of the server that speaks; undefined where it has none. */
  const memberOf = (origin: ServerName, roomId: string, userId: string): MemberEvent | undefined => {
    const member = isOnServer(userId, origin) ? rooms.rooms.find(roomId)?.state.memberOf(userId) : undefined;
    return member?.membership === 'join' ? member : undefined;
  };
  return new Map([
    [
      'm.typing',
      async (origin: ServerName, { room_id: roomId, user_id: userId, typing }: JsonObject): Promise<void> => {
        if (typeof roomId !== 'string' || typeof userId !== 'string') return;
        const member = memberOf(origin, roomId, userId);
        if (member === undefined) return;
        if (typing === true) targets.startTyping(member.roomId, member.stateKey);
        else targets.stopTyping(member.roomId, member.stateKey);
      },
    ],
    [
      'm.receipt',
      async (origin: ServerName, content: JsonObject): Promise<void> => {
        for (const { roomId, type, userId, receipt } of receiptsIn(content)) {
          const { event_ids: ids, data } = receipt;
          const eventId: unknown = Array.isArray(ids) ? ids[0] : undefined;
          const event = typeof eventId === 'string' ? rooms.events.findShown(eventId) : undefined;
          const member = memberOf(origin, roomId, userId);
          if (event?.roomId !== roomId || member === undefined) continue;
          const threadId = isJsonObject(data) ? data['thread_id'] : undefined;
          const thread = typeof threadId === 'string' ? threadId : undefined;
          targets.setReceipt(event.roomId, member.stateKey, type, event, thread);
        }
      },
    ],
    [
      'm.presence',
      async (origin: ServerName, { push }: JsonObject): Promise<void> => {
        for (const update of itemsOf(push)) {
          if (!isJsonObject(update)) continue;
          const { user_id: userId, presence, last_active_ago: ago, status_msg: statusMsg } = update;
          if (!isFrom(origin, userId) || typeof presence !== 'string' || !presences.includes(presence)) continue;
          const change = { presence, statusMsg: typeof statusMsg === 'string' ? statusMsg : null };
          await targets.setPresence(userId, change, typeof ago === 'number' ? ago : 0);
        }
      },
    ],
    [
      'm.direct_to_device',
      async (origin: ServerName, { sender, type, messages }: JsonObject): Promise<void> => {
        if (!isFrom(origin, sender) || typeof type !== 'string' || !isJsonObject(messages)) return;
        targets.sendToDevices(sender, type, messages);
      },
    ],
  ]);
}

const presences = ['online', 'unavailable', 'offline'];

function isFrom(origin: ServerName, userId: JsonValue | undefined): userId is UserId {
  return typeof userId === 'string' && /^@[^:]*:/.test(userId) && isOnServer(userId, origin);
}

interface ReceivedReceipt {
  readonly roomId: string;
  readonly type: string;
  readonly userId: string;
  readonly receipt: JsonObject;
}

function receiptsIn(content: JsonObject): ReceivedReceipt[] {
  return objects(content).flatMap(([roomId, types]) =>
    objects(types).flatMap(([type, users]) =>
      objects(users).map(([userId, receipt]) => ({ roomId, type, userId, receipt })),
    ),
  );
}

function objects(value: JsonObject): (readonly [string, JsonObject])[] {
  return Object.entries(value).flatMap(([key, member]) => (isJsonObject(member) ? [[key, member] as const] : []));
}
