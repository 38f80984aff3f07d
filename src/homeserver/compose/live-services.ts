import type { RoomId, UserId } from '../../matrix/ids.js';
import type { HomeserverContext } from '../runtime/context.js';
import { DeviceKeys } from '../encryption/device-keys.js';
import { ToDevice } from '../encryption/to-device.js';
import { presenceContent } from '../ephemeral/presence-transitions.js';
import { type Neighbours, PresenceService } from '../ephemeral/presence.js';
import { Receipts } from '../ephemeral/receipts.js';
import { Typing } from '../ephemeral/typing.js';
import { encryptionRoutes } from '../http/client/encryption-routes.js';
import { ephemeralRoutes } from '../http/client/ephemeral-routes.js';
import { notificationRoutes } from '../http/client/notification-routes.js';
import type { Route } from '../http/server/route.js';
import type { OutgoingEdus } from '../federation/outgoing-edus.js';
import { eventStreamRoutes } from '../http/client/event-stream-routes.js';
import { syncRoutes } from '../http/client/sync-routes.js';
import type { RateLimiters } from '../runtime/rate-limiters.js';
import { isMemberEvent, type RoomEvent } from '../rooms/model/room-event.js';
import type { RoomServices } from './room-services.js';
import type { Schema } from '../store/database/database.js';
import { DeviceKeyStore, deviceKeySchema } from '../store/device-key-store.js';
import { PresenceStore, presenceSchema } from '../store/presence-store.js';
import { ReceiptStore, receiptSchema } from '../store/receipt-store.js';
import { ToDeviceStore, toDeviceSchema } from '../store/to-device-store.js';
import { ChangedRoomsReader } from '../sync/changed-rooms.js';
import { DeviceListReader } from '../sync/device-lists.js';
import { EventStream } from '../sync/event-stream.js';
import { InitialSync } from '../sync/initial-sync.js';
import { readMarkers } from '../sync/read-markers.js';
import { RoomChangesReader } from '../sync/room-changes.js';
import { BranchedDelta } from '../sync/branched-delta.js';
import { StateDeltaReader } from '../sync/room-state-delta.js';
import { TimelineReader } from '../sync/room-timeline.js';
import { Sync } from '../sync/sync.js';
import { SyncRooms } from '../sync/sync-rooms.js';
import { UnreadCounts } from '../sync/unread-counts.js';
import { Notifications } from '../sync/notifications.js';
import { PushJudge } from '../sync/push-judge.js';
import type { UserServices } from './user-services.js';

/** The tables of {@link LiveServices}. */
export const liveSchemas: readonly Schema[] = [presenceSchema, receiptSchema, deviceKeySchema, toDeviceSchema];

/** What clients are told as it happens: sync, presence, typing, receipts, messages between devices. Made once. */
export class LiveServices implements Disposable {
  readonly presence: PresenceService;
  readonly typing: Typing;
  readonly receipts: Receipts;
  readonly deviceKeys: DeviceKeys;
  readonly toDevice: ToDevice;
  readonly sync: Sync;
  private readonly judge: PushJudge;
  private readonly deviceLists: DeviceListReader;

  constructor(
    readonly context: HomeserverContext,
    private readonly rooms: RoomServices,
    private readonly users: UserServices,
    private readonly limiters: RateLimiters,
    edus: OutgoingEdus,
  ) {
    const { database } = context;
    const neighbours = neighboursIn(rooms);
    const displayNameOf = (userId: UserId, deviceId: string): string | null =>
      users.deviceStore.find(userId, deviceId)?.display_name ?? null;
    const devicesOf = (userId: UserId): string[] => users.deviceStore.ofUser(userId).map((device) => device.device_id);
    this.presence = new PresenceService(context, new PresenceStore(database), neighbours, (state, users) => {
      edus.presence(state.userId, presenceContent(state, context.clock.now()), users);
    });
    this.typing = new Typing(context, (roomId, userId, isTyping) => {
      edus.typing(roomId, userId, isTyping);
    });
    this.receipts = new Receipts(context, new ReceiptStore(database), (receipt) => {
      edus.receipt(receipt);
    });
    this.deviceKeys = new DeviceKeys(context, new DeviceKeyStore(database), displayNameOf, neighbours.joinedRooms);
    this.toDevice = new ToDevice(
      context,
      new ToDeviceStore(database),
      limiters,
      devicesOf,
      (sender, type, messages) => {
        edus.toDevice(sender, type, messages);
      },
    );
    this.deviceLists = new DeviceListReader(this.deviceKeys, neighbours);
    this.judge = new PushJudge({
      rooms: rooms.rooms,
      events: rooms.events,
      states: rooms.states,
      pushRulesAt: (userId, position) => users.pushRules.at(userId, position),
    });
    this.sync = this.makeSync();
    rooms.emitter.on('stored', (events) => {
      for (const event of events) this.notice(event);
    });
  }

  /** The endpoints of all this. */
  get routes(): Route[] {
    const { context, limiters, presence, typing, receipts, sync, deviceKeys: keys, toDevice, users } = this;
    const { filters, uiAuth, accountData } = users;
    const old = { rooms: this.rooms, accountData, presence, typing, receipts };
    return [
      ...syncRoutes({ sync, presence, limiters, findFilter: (userId, id) => filters.find(userId, id) }),
      ...eventStreamRoutes({
        rooms: this.rooms,
        presence,
        stream: new EventStream(old),
        initialSync: new InitialSync(old),
      }),
      ...notificationRoutes(this.notifications()),
      ...ephemeralRoutes({
        context,
        limiters,
        presence,
        typing,
        receipts,
        rooms: { ...readMarkers(this.rooms), accountData },
      }),
      ...encryptionRoutes({
        context,
        keys,
        toDevice,
        uiAuth,
        changedDevices: (userId, since) => this.deviceLists.readSince(userId, since),
      }),
    ];
  }

  /** Devices of a user were added or renamed, or these are gone. */
  devicesChanged(userId: UserId, deleted: readonly string[] = []): void {
    for (const deviceId of deleted) this.toDevice.forgetDevice(userId, deviceId);
    this.deviceKeys.forgetDevices(userId, deleted);
  }

  [Symbol.dispose](): void {
    this.typing[Symbol.dispose]();
    this.presence[Symbol.dispose]();
  }

  private notifications(): Notifications {
    const { rooms, receipts, judge, users } = this;
    return new Notifications({
      events: rooms.events,
      states: rooms.states,
      clientEvents: rooms.clientEvents,
      receipts,
      judge,
      mayInvite: (inviter, userId) => users.accountData.inviteRule(userId, inviter) === 'allow',
    });
  }

  private makeSync(): Sync {
    const { context, rooms, users, presence, typing, receipts, toDevice, deviceKeys, deviceLists } = this;
    const { accountData } = users;
    const timelines = new TimelineReader(rooms.rooms, rooms.events, rooms.relations, rooms.visibility);
    const branched = new BranchedDelta(rooms.rooms, rooms.events, rooms.states, rooms.graph);
    const deltas = new StateDeltaReader(rooms.pastStates, rooms.events, rooms.states, branched);
    const markers = readMarkers(rooms);
    const unread = new UnreadCounts({
      rooms: rooms.rooms,
      events: rooms.events,
      receipts,
      judge: this.judge,
      threadOf: (eventId) => markers.threadOf(eventId, false),
    });
    return new Sync({
      context,
      states: rooms.states,
      changedRooms: new ChangedRoomsReader(rooms.eventStore, receipts, typing),
      changes: new RoomChangesReader(rooms.states, rooms.events),
      rooms: new SyncRooms(rooms.rooms, timelines, deltas, rooms.clientEvents, rooms.bundler, rooms.relations, unread),
      accountData,
      presence,
      typing,
      receipts,
      toDevice,
      deviceKeys,
      deviceLists,
      ignoredBy: (userId) => accountData.ignoredBy(userId),
      showsInvitesOf: (userId, inviter) =>
        !accountData.ignoredBy(userId).has(inviter) && accountData.inviteRule(userId, inviter) !== 'ignore',
    });
  }

  /** Who leaves types no longer; who sends a message is here. */
  private notice(event: RoomEvent): void {
    if (isMemberEvent(event) && event.membership !== undefined && event.membership !== 'join') {
      this.typing.stop(event.roomId, event.stateKey);
    }
    if (event.type !== 'm.room.message' || !this.presence.isTracked) return;
    this.context.inBackground('presence after a message', () =>
      this.presence.bump(event.sender, event.metadata.deviceId),
    );
  }
}

function neighboursIn({ states, rooms }: RoomServices): Neighbours {
  return {
    joinedRooms: (userId) => states.joinedRooms.of(userId),
    joinedMembers: (roomId: RoomId) => rooms.find(roomId)?.state.usersWith('join') ?? [],
  };
}
