import { SynapseError } from '../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { ClientFormat, ShowOptions } from '../rooms/timeline/client-events.js';
import type { Access } from '../rooms/auth/room-access.js';
import type { CurrentMembership } from '../store/state-store.js';
import { historyToken, streamToken } from '../runtime/stream-token.js';
import { presenceEvents, receiptEvents } from './ephemeral-events.js';
import type { EventStreamParts } from './event-stream.js';

/** How everything is asked for. */
export interface SnapshotRequest {
  /** How many messages of each room. */
  readonly limit: number;
  readonly format: ClientFormat;
  /** With the rooms that the user left. */
  readonly withLeft: boolean;
}

/** Where rooms stand, for clients older than `/sync` (`handlers/initial_sync.py`). */
export class InitialSync {
  constructor(private readonly parts: EventStreamParts) {}

  /** All rooms of a user, with presence and account data. */
  async all(requester: Requester, request: SnapshotRequest): Promise<JsonObject> {
    const { rooms, presence, receipts, accountData } = this.parts;
    const { userId } = requester;
    const { clock, stream } = rooms.context;
    const wanted = ['invite', 'join', ...(request.withLeft ? ['leave'] : [])];
    const entries = rooms.states
      .membershipsOf(userId)
      .filter((entry) => wanted.includes(entry.membership) && entry.is_forgotten === 0);
    const position = stream.position;
    const states = presence.isEnabled ? await presence.changesFor(userId, undefined, false) : [];
    const joined = entries.filter((entry) => entry.membership === 'join').map((entry) => entry.room_id);
    const shown: JsonObject[] = [];
    for (const entry of entries) shown.push(await this.describe(requester, entry, position, request));
    const global = accountData.all(userId).global.filter(({ type }) => type !== 'm.push_rules');
    return {
      rooms: shown,
      presence: presenceEvents(states, clock.now()),
      account_data: global.map(({ type, content }) => ({ type, content })),
      receipts: receiptEvents(receipts, joined, 0, userId),
      end: streamToken(position),
    };
  }

  /** One room, as it is, or as it was when the user left. */
  async room(requester: Requester, roomId: RoomId, limit: number): Promise<JsonObject> {
    const { rooms, presence, receipts } = this.parts;
    if (rooms.roomStore.blockedBy(roomId) !== undefined) {
      throw new SynapseError(403, 'This room has been blocked on this server');
    }
    const access = rooms.access.checkInRoomOrReadable(requester, roomId, true);
    const now = rooms.context.clock.now();
    const members = rooms.rooms.find(roomId)?.state.usersWith('join') ?? [];
    const isLive = access.membership === 'join';
    return {
      room_id: roomId,
      ...(await this.contents(requester, roomId, access, { requester }, limit)),
      presence: isLive && presence.isEnabled ? presenceEvents(presence.statesOf(members, true), now) : [],
      receipts: isLive ? receiptEvents(receipts, [roomId], 0, requester.userId) : [],
      ...(access.entry !== undefined && { membership: access.membership }),
      account_data: this.accountData(requester.userId, roomId),
    };
  }

  private async describe(
    requester: Requester,
    entry: CurrentMembership,
    position: number,
    { limit, format }: SnapshotRequest,
  ): Promise<JsonObject> {
    const { rooms } = this.parts;
    const { room_id: roomId, membership } = entry;
    const head = {
      room_id: roomId,
      membership,
      visibility: rooms.roomStore.find(roomId)?.is_public === 1 ? 'public' : 'private',
    };
    const event = rooms.events.find(entry.event_id);
    if (membership === 'invite') {
      const [invite] = event === undefined ? [] : await rooms.clientEvents.showState([event], { format });
      return { ...head, ...(invite !== undefined && { inviter: invite['sender'], invite }) };
    }
    const access: Access = { membership: membership === 'join' ? 'join' : 'leave', entry };
    return {
      ...head,
      ...(await this.contents(requester, roomId, access, { format }, limit, position)),
      account_data: this.accountData(requester.userId, roomId),
    };
  }

  private async contents(
    requester: Requester,
    roomId: RoomId,
    access: Access,
    options: ShowOptions,
    limit: number,
    now = this.parts.rooms.context.stream.position,
  ): Promise<JsonObject> {
    const { history, clientEvents } = this.parts.rooms;
    const position = access.membership === 'leave' && access.entry !== undefined ? access.entry.position : now;
    const { events, start, end = position } = history.newest(requester, roomId, position, limit, access);
    return {
      messages: {
        chunk: await clientEvents.show(events, options),
        start: historyToken(start),
        end: historyToken(end),
      },
      state: await clientEvents.showState(history.state(requester, roomId), options),
    };
  }

  private accountData(userId: UserId, roomId: RoomId): JsonObject[] {
    return this.parts.accountData.ofRoom(userId, roomId).map(({ type, content }) => ({ type, content }));
  }
}
