import type { RoomId, UserId } from '../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import type { UserPresenceState } from '../../matrix/presence.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { DeviceKeys } from '../encryption/device-keys.js';
import type { ToDevice } from '../encryption/to-device.js';
import type { PresenceService } from '../ephemeral/presence.js';
import { presenceContent } from '../ephemeral/presence-transitions.js';
import type { Receipts } from '../ephemeral/receipts.js';
import type { Typing } from '../ephemeral/typing.js';
import type { StateStore } from '../store/state-store.js';
import { type SyncPosition, syncToken } from '../runtime/stream-token.js';
import type { AccountDataPart, AccountDataSource } from './account-data-source.js';
import type { ChangedRooms, ChangedRoomsReader } from './changed-rooms.js';
import type { DeviceListReader } from './device-lists.js';
import { LazyMembers } from './lazy-members.js';
import type { RoomChanges, RoomChangesReader } from './room-changes.js';
import type { SyncFilterSet } from './sync-filter-set.js';
import type { RoomDatum, RoomsWish, SyncedRoom, SyncRooms } from './sync-rooms.js';
import { membersChanged } from './members-changed.js';

/** What a client asks of `/sync`. */
export interface SyncRequest {
  readonly requester: Requester;
  readonly filters: SyncFilterSet;
  /** Where the last sync ended; undefined for the first. */
  readonly since: SyncPosition | undefined;
  readonly isFullState: boolean;
  /** How long to wait when there is nothing to tell. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a sync is put together from. */
export interface SyncParts {
  readonly context: HomeserverContext;
  readonly states: StateStore;
  readonly changedRooms: ChangedRoomsReader;
  readonly changes: RoomChangesReader;
  readonly rooms: SyncRooms;
  readonly accountData: AccountDataSource;
  readonly presence: PresenceService;
  readonly typing: Typing;
  readonly receipts: Receipts;
  readonly toDevice: ToDevice;
  readonly deviceKeys: DeviceKeys;
  readonly deviceLists: DeviceListReader;
  readonly ignoredBy: (userId: UserId) => ReadonlySet<string>;
  /** Whether the user wants to know of invites by this user. */
  readonly showsInvitesOf: (userId: UserId, inviter: UserId) => boolean;
}

/** One sync on its way. */
interface Draft {
  readonly request: SyncRequest;
  readonly upTo: number;
  readonly joined: ReadonlySet<RoomId>;
  /** Where something happened since the last sync; undefined for the first. */
  readonly changed: ChangedRooms | undefined;
  readonly response: Record<string, JsonValue>;
}

/** Tells clients what they have not seen yet (`handlers/sync.py`, `rest/client/sync.py`). */
export class Sync {
  private readonly lazyMembers = new LazyMembers();

  constructor(private readonly parts: SyncParts) {}

  /** The answer to `/sync`: at once, or when there is something to tell, or when the time is over. */
  async answer(request: SyncRequest): Promise<JsonObject> {
    const { clock, notifier, stream } = this.parts.context;
    const isImmediate = request.timeoutMs === 0 || request.since === undefined || request.isFullState;
    const until = clock.now() + request.timeoutMs;
    for (;;) {
      const draft = this.begin(request);
      const isEmpty = await this.fill(draft);
      const remaining = until - clock.now();
      if (isImmediate || !isEmpty || remaining <= 0 || request.signal.aborted) return draft.response;
      // What happened while this sync was put together woke nobody.
      if (stream.position === draft.upTo) {
        await notifier.wait(request.requester.userId, draft.joined, remaining, request.signal);
      }
    }
  }

  private begin(request: SyncRequest): Draft {
    const { states, changedRooms, context } = this.parts;
    const joined = states.joinedRooms.of(request.requester.userId);
    const upTo = context.stream.position;
    const { since } = request;
    const changed = since === undefined ? undefined : changedRooms.read(joined, since.position, upTo);
    return { request, upTo, joined, changed, response: {} };
  }

  /** Whether there is nothing to tell. */
  private async fill(draft: Draft): Promise<boolean> {
    const { request, response, upTo } = draft;
    const { requester, filters } = request;
    const accountData = this.readAccountData(draft);
    const changes = this.readChanges(draft, accountData);
    const toDevice = this.readToDevice(draft);
    const wish = this.roomsWish(draft);
    const rooms = this.parts.rooms.read(
      changes,
      {
        ephemeral: filters.ephemeral.isEmpty ? new Map<RoomId, RoomDatum[]>() : this.readEphemeral(draft),
        accountData: accountData.rooms,
        accountDataOf: (roomId) => this.parts.accountData.ofRoom(requester.userId, roomId),
      },
      wish,
    );

    const global = accountData.global.filter(({ type }) => filters.accountData.matchesPlain(type));
    response['next_batch'] = syncToken({ position: upTo, toDevice: toDevice.upTo });
    if (global.length > 0)
      response['account_data'] = { events: global.map(({ type, content }) => ({ type, content })) };
    const presence = await this.readPresence(draft, changes, rooms);
    if (presence.length > 0) response['presence'] = { events: this.writePresence(presence) };
    if (toDevice.events.length > 0) response['to_device'] = { events: toDevice.events };
    this.addDeviceLists(draft, changes, rooms);
    await this.addRooms(draft, changes, rooms, wish);
    const isEmpty = Object.keys(response).length === 1;
    this.addKeyCounts(draft);
    return isEmpty;
  }

  private readChanges({ request, upTo, changed }: Draft, accountData: AccountDataPart): RoomChanges {
    const { filters, since, isFullState } = request;
    const { config } = this.parts.context;
    return this.parts.changes.read({
      userId: request.requester.userId,
      since: since?.position,
      upTo,
      showsInvitesOf: (inviter) => this.parts.showsInvitesOf(request.requester.userId, inviter),
      includeLeave: filters.includeLeave,
      isFullState,
      isWanted: (roomId) => filters.rooms.takesRoom(roomId) && !config.excludeRoomsFromSync.includes(roomId),
      changed:
        changed === undefined ? [] : [...changed.withEvents, ...changed.withEphemeral, ...accountData.rooms.keys()],
    });
  }

  private roomsWish(draft: Draft): RoomsWish {
    const { requester, filters, isFullState, since } = draft.request;
    const { userId, deviceId } = requester;
    return {
      requester,
      filters,
      isFullState,
      timelineLimit: filters.timelineLimit(this.parts.context.config.filterTimelineLimit),
      known: filters.state.lazyLoadMembers ? this.lazyMembers.of(userId, deviceId, since?.position) : undefined,
      ignored: this.parts.ignoredBy(userId),
    };
  }

  private readAccountData({ request }: Draft): AccountDataPart {
    const { requester, since, isFullState } = request;
    return since === undefined || isFullState
      ? this.parts.accountData.all(requester.userId)
      : this.parts.accountData.since(requester.userId, since.position);
  }

  private readEphemeral({ request, joined, changed }: Draft): ReadonlyMap<RoomId, readonly RoomDatum[]> {
    const since = request.since?.position;
    const events = new Map<RoomId, RoomDatum[]>();
    for (const roomId of changed?.withEphemeral ?? joined) {
      const typing = this.parts.typing.changedSince(roomId, since ?? 0);
      const receipts = this.parts.receipts.changedSince(roomId, since ?? 0, request.requester.userId);
      const inRoom: RoomDatum[] = [];
      if (typing !== undefined && (since !== undefined || typing.length > 0)) {
        inRoom.push({ type: 'm.typing', content: { user_ids: typing } });
      }
      if (receipts !== undefined) inRoom.push({ type: 'm.receipt', content: receipts });
      if (inRoom.length > 0) events.set(roomId, inRoom);
    }
    return events;
  }

  private readToDevice(draft: Draft): { readonly events: readonly JsonObject[]; readonly upTo: number } {
    const { requester, since } = draft.request;
    if (requester.deviceId === undefined) return { events: [], upTo: draft.upTo };
    const { toDevice } = this.parts;
    const messages = toDevice.fetch(requester.userId, requester.deviceId, since?.toDevice ?? 0, draft.upTo);
    const last = messages.at(-1);
    const upTo = last !== undefined && toDevice.isFull(messages) ? last.position : draft.upTo;
    return { events: messages.map(({ message }) => message), upTo };
  }

  private async readPresence(
    draft: Draft,
    changes: RoomChanges,
    rooms: readonly SyncedRoom[],
  ): Promise<readonly UserPresenceState[]> {
    const { presence, context } = this.parts;
    const { requester, filters, since, isFullState } = draft.request;
    if (!presence.isEnabled || filters.presence.isEmpty) return [];
    const isWhole = since === undefined || isFullState;
    const includeOffline = context.config.presence.includeOfflineUsersOnSync || !isWhole;
    const states = await presence.changesFor(requester.userId, isWhole ? undefined : since.position, includeOffline);
    const near = isWhole ? new Set<UserId>() : this.usersNearNow(changes, rooms);
    near.delete(requester.userId);
    const byUser = new Map([...states, ...presence.statesOf(near, true)].map((state) => [state.userId, state]));
    return [...byUser.values()].filter((state) => filters.presence.matchesPlain('m.presence', state.userId));
  }

  /** Users who came into sight since the last sync. */
  private usersNearNow(changes: RoomChanges, rooms: readonly SyncedRoom[]): Set<UserId> {
    const near = new Set(membersChanged(rooms).joined);
    for (const roomId of changes.newlyJoined) {
      for (const userId of this.parts.deviceLists.membersOf(roomId)) near.add(userId);
    }
    return near;
  }

  private writePresence(states: readonly UserPresenceState[]): JsonObject[] {
    const now = this.parts.context.clock.now();
    return states.map((state) => ({ type: 'm.presence', sender: state.userId, content: presenceContent(state, now) }));
  }

  private addDeviceLists(draft: Draft, changes: RoomChanges, rooms: readonly SyncedRoom[]): void {
    const { since, requester } = draft.request;
    if (since === undefined) return;
    const { changed, left } = this.parts.deviceLists.read(requester.userId, since.position, {
      near: this.usersNearNow(changes, rooms),
      gone: membersChanged(rooms).left,
      newlyLeft: changes.newlyLeft,
    });
    const lists = { ...(changed.length > 0 && { changed }), ...(left.length > 0 && { left }) };
    if (Object.keys(lists).length > 0) draft.response['device_lists'] = lists;
  }

  private async addRooms(
    draft: Draft,
    changes: RoomChanges,
    rooms: readonly SyncedRoom[],
    wish: RoomsWish,
  ): Promise<void> {
    const written = await this.parts.rooms.write(rooms, wish);
    const sections: Record<string, JsonObject> = {
      join: written.join,
      invite: this.parts.rooms.writeStripped(changes.invites, 'invite_state'),
      knock: this.parts.rooms.writeStripped(changes.knocks, 'knock_state'),
      leave: written.leave,
    };
    const filled = Object.entries(sections).filter(([, section]) => Object.keys(section).length > 0);
    if (filled.length > 0) draft.response['rooms'] = Object.fromEntries(filled);
  }

  private addKeyCounts({ request, response }: Draft): void {
    const { userId, deviceId } = request.requester;
    const { deviceKeys } = this.parts;
    const hasDevice = deviceId !== undefined;
    response['device_one_time_keys_count'] = hasDevice ? deviceKeys.countOneTimeKeys(userId, deviceId) : {};
    response['device_unused_fallback_key_types'] = hasDevice ? deviceKeys.unusedFallbackTypes(userId, deviceId) : [];
  }
}
