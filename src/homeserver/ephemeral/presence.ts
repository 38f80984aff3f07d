import { PRESENCE_ALL_USERS } from '../../callbacks/presence-router.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { RoomId, UserId } from '../../matrix/ids.js';
import type { Presence, UserPresenceState } from '../../matrix/presence.js';
import type { Timer } from '../runtime/clock.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { PresenceStore } from '../store/presence-store.js';
import {
  combineDevices,
  deviceAfterTimeouts,
  type DevicePresence,
  isWorthTelling,
  unknownPresence,
} from './presence-transitions.js';

/** Who shares rooms with whom. */
export interface Neighbours {
  readonly joinedRooms: (userId: UserId) => ReadonlySet<RoomId>;
  readonly joinedMembers: (roomId: RoomId) => Iterable<UserId>;
}

/** Whether two users are in a room together. */
export function shareRoom({ joinedRooms }: Pick<Neighbours, 'joinedRooms'>, one: UserId, other: UserId): boolean {
  const [few, many] = [joinedRooms(one), joinedRooms(other)].sort((a, b) => a.size - b.size);
  for (const roomId of few ?? []) if (many?.has(roomId) === true) return true;
  return false;
}

/** What a request says of its user's presence. */
export interface PresenceChange {
  readonly presence: string;
  readonly statusMsg?: string | null;
}

interface Device extends DevicePresence {
  /** Syncs that are going on. */
  readonly syncs: number;
}

const TIMEOUT_CHECK = 5000;
const FEDERATION_PING_INTERVAL = 25 * 60_000;
const VALID: readonly string[] = ['online', 'unavailable', 'offline', 'org.matrix.msc3026.busy'];
const NO_DEVICE: Device = { state: 'offline', lastActiveTs: 0, lastSyncTs: 0, syncs: 0 };

/** Who is here (`handlers/presence.py`). */
export class PresenceService implements Disposable {
  /** Users who are not offline; the rest is read from the database. */
  private readonly present = new Map<UserId, UserPresenceState>();
  private readonly devices = new Map<UserId, Map<string | undefined, Device>>();
  private timer: Timer | undefined;

  constructor(
    private readonly context: HomeserverContext,
    private readonly store: PresenceStore,
    private readonly neighbours: Neighbours,
    /** Told of each state that others may know, with the users that modules want to be told. */
    private readonly onTold: (state: UserPresenceState, users: Iterable<UserId>) => void = () => {},
  ) {}

  /** Presence is known at all. */
  get isEnabled(): boolean {
    return this.context.config.presence.enabled !== false;
  }

  /** What clients do changes their presence; with `untracked` only modules do. */
  get isTracked(): boolean {
    return this.context.config.presence.enabled === true;
  }

  stateOf(userId: UserId): UserPresenceState {
    return this.present.get(userId) ?? this.store.find(userId) ?? unknownPresence(userId);
  }

  /** Whether one user may see the presence of another: they share a room. */
  isVisible(observed: UserId, observer: UserId): boolean {
    return shareRoom(this.neighbours, observed, observer);
  }

  /** Sets what a user's client said. */
  async set(userId: UserId, deviceId: string | undefined, change: PresenceChange): Promise<void> {
    const presence = parsePresence(change.presence);
    if (!this.isTracked) return;
    const now = this.context.clock.now();
    this.changeDevice(userId, deviceId, (device) => ({ ...device, state: presence, lastActiveTs: now }));
    await this.update(this.withDevices(userId, now, { statusMsg: change.statusMsg ?? null }));
  }

  /** Notes that a user did something. */
  async bump(userId: UserId, deviceId: string | undefined): Promise<void> {
    if (!this.isTracked) return;
    const now = this.context.clock.now();
    this.changeDevice(userId, deviceId, (device) => ({
      ...device,
      state: device.state === 'unavailable' ? 'online' : device.state,
      lastActiveTs: now,
    }));
    const state = combineDevices(this.devices.get(userId)?.values() ?? []);
    await this.update({ ...this.stateOf(userId), state, lastActiveTs: now });
  }

  /** Notes that a device syncs; the result is called when it has done so. */
  async startSync(userId: UserId, deviceId: string | undefined, wanted: string): Promise<() => void> {
    if (!this.isTracked || wanted === 'offline') return () => undefined;
    const now = this.context.clock.now();
    const before = this.stateOf(userId);
    const busy = 'org.matrix.msc3026.busy';
    const presence = before.state === busy ? busy : parsePresence(wanted);
    this.changeDevice(userId, deviceId, (device) => ({
      state: presence,
      lastActiveTs: now,
      lastSyncTs: now,
      syncs: device.syncs + 1,
    }));
    await this.update(this.withDevices(userId, now, { lastUserSyncTs: now }));
    return () => {
      this.endSync(userId, deviceId);
    };
  }

  /** Sets the presence of users whatever they do themselves (`ModuleApi.set_presence_for_users`). */
  async setForUsers(
    users: ReadonlyMap<UserId, { readonly state: Presence; readonly statusMsg: string | null }>,
  ): Promise<void> {
    const states = [...users].map(([userId, change]) => ({ ...this.stateOf(userId), ...change }));
    await this.updateAll(states, true);
  }

  /** Lets users get the presence of everybody with their next sync (`send_full_presence_to_users`). */
  async sendFullTo(users: readonly UserId[]): Promise<void> {
    const [first] = users;
    if (first === undefined) return;
    const position = this.context.stream.next();
    for (const userId of users) this.store.wantFull(userId, position);
    await this.updateAll([this.stateOf(first)], true);
    this.context.notifier.notify({ users });
  }

  /** The states that a sync shows: those that changed since, or all when `since` is undefined (`get_new_events`). */
  async changesFor(userId: UserId, since: number | undefined, includeOffline: boolean): Promise<UserPresenceState[]> {
    const isFull = since === undefined || this.store.isFullWanted(userId, since);
    const withOffline = includeOffline && !(isFull && since !== undefined);
    const changed = isFull ? undefined : this.store.changedSince(since);
    if (changed?.length === 0) return [];
    const interest = await this.context.dispatch.ask('presence_router', 'get_interested_users', userId);
    if (interest === PRESENCE_ALL_USERS) return this.changesRouted(userId, changed ?? this.store.all(), withOffline);
    const wanted = (other: UserId): boolean => other === userId || interest.has(other) || this.isVisible(other, userId);
    if (changed !== undefined) return this.statesOf(changed.filter(wanted), withOffline);
    // Most members of large rooms are offline.
    return withOffline
      ? this.statesOf(this.everybodyNear(userId, interest), true)
      : [...this.present.values()].filter((state) => wanted(state.userId));
  }

  /** The states of certain users. */
  statesOf(users: Iterable<UserId>, includeOffline: boolean): UserPresenceState[] {
    return Array.from(users, (userId) => this.stateOf(userId)).filter(
      (state) => includeOffline || state.state !== 'offline',
    );
  }

  /** Takes what another server says of its user. */
  async receive(userId: UserId, { presence, statusMsg = null }: PresenceChange, lastActiveAgo: number): Promise<void> {
    if (!this.isEnabled) return;
    const lastActiveTs = this.context.clock.now() - lastActiveAgo;
    const state = parsePresence(presence);
    await this.update({
      ...this.stateOf(userId),
      state,
      statusMsg,
      lastActiveTs,
      lastFederationUpdateTs: this.context.clock.now(),
    });
  }

  [Symbol.dispose](): void {
    this.timer?.cancel();
  }

  private endSync(userId: UserId, deviceId: string | undefined): void {
    this.changeDevice(userId, deviceId, (device) => ({ ...device, syncs: Math.max(device.syncs - 1, 0) }));
    const lastUserSyncTs = this.context.clock.now();
    this.context.inBackground('presence after sync', () => this.update({ ...this.stateOf(userId), lastUserSyncTs }));
  }

  private everybodyNear(userId: UserId, interest: ReadonlySet<UserId>): Set<UserId> {
    const users = new Set(interest).add(userId);
    for (const room of this.neighbours.joinedRooms(userId)) {
      for (const member of this.neighbours.joinedMembers(room)) users.add(member);
    }
    return users;
  }

  private async changesRouted(
    userId: UserId,
    users: readonly UserId[],
    includeOffline: boolean,
  ): Promise<UserPresenceState[]> {
    const states = this.statesOf(users, includeOffline);
    const routed = await this.context.dispatch.ask('presence_router', 'get_users_for_states', states);
    const own = routed.get(userId);
    // Synapse looks the user up without asking whether there is an entry: the sync is a 500 then.
    if (own === undefined) throw new Error(`get_users_for_states has no entry for ${userId}`);
    return [...own];
  }

  private withDevices(userId: UserId, now: number, fields: Partial<UserPresenceState>): UserPresenceState {
    const state = combineDevices(this.devices.get(userId)?.values() ?? []);
    const isHere = state === 'online' || state === 'org.matrix.msc3026.busy';
    return { ...this.stateOf(userId), state, ...(isHere && { lastActiveTs: now }), ...fields };
  }

  private changeDevice(userId: UserId, deviceId: string | undefined, change: (device: Device) => Device): void {
    let ofUser = this.devices.get(userId);
    if (ofUser === undefined) this.devices.set(userId, (ofUser = new Map<string | undefined, Device>()));
    ofUser.set(deviceId, change(ofUser.get(deviceId) ?? NO_DEVICE));
    this.timer ??= this.context.clock.after(TIMEOUT_CHECK, this.checkTimeouts);
  }

  private update(state: UserPresenceState): Promise<void> {
    return this.updateAll([state], false);
  }

  private async updateAll(states: readonly UserPresenceState[], isForced: boolean): Promise<void> {
    if (!this.isEnabled) return;
    const told: UserPresenceState[] = [];
    for (const wanted of states) {
      const before = this.stateOf(wanted.userId);
      const after = this.settle(wanted);
      if (isForced || isWorthTelling(before, after, this.context.config.presence)) told.push(after);
      if (after.state === 'offline') this.present.delete(after.userId);
      else this.present.set(after.userId, after);
    }
    if (told.length > 0) await this.tell(told);
  }

  private settle(state: UserPresenceState): UserPresenceState {
    const now = this.context.clock.now();
    const currentlyActive =
      state.state === 'online'
        ? now - state.lastActiveTs < this.context.config.presence.lastActiveGranularity
        : state.currentlyActive;
    const isPingDue = state.state !== 'offline' && now - state.lastFederationUpdateTs > FEDERATION_PING_INTERVAL;
    return { ...state, currentlyActive, ...(isPingDue && { lastFederationUpdateTs: now }) };
  }

  private async tell(states: readonly UserPresenceState[]): Promise<void> {
    for (const state of states) this.store.set(state, this.context.stream.next());
    const router = this.context.dispatch.hook('presence_router', 'get_users_for_states');
    const users = new Set(states.map((state) => state.userId));
    const elsewhere = new Map<UserId, UserId[]>();
    if (router.isUsed) {
      // Asked once for this server's users and once for other servers', as Synapse does.
      for (const userId of (await router.ask(states)).keys()) users.add(userId);
      for (const [userId, wanted] of await router.ask(states)) {
        for (const { userId: of } of wanted) elsewhere.set(of, [...(elsewhere.get(of) ?? []), userId]);
      }
    }
    for (const state of states) this.onTold(state, elsewhere.get(state.userId) ?? []);
    const rooms = states.flatMap((state) => [...this.neighbours.joinedRooms(state.userId)]);
    this.context.notifier.notify({ rooms, users: [...users] });
  }

  private readonly checkTimeouts = (): void => {
    const now = this.context.clock.now();
    const changed: UserPresenceState[] = [];
    for (const [userId, devices] of this.devices) {
      for (const [deviceId, device] of devices) {
        const after = deviceAfterTimeouts(device, device.syncs > 0, now, this.context.config.presence);
        if (after === undefined) devices.delete(deviceId);
        else devices.set(deviceId, { ...after, syncs: device.syncs });
      }
      if (devices.size === 0) this.devices.delete(userId);
      changed.push({ ...this.stateOf(userId), state: combineDevices(devices.values()) });
    }
    this.timer = this.devices.size > 0 ? this.context.clock.after(TIMEOUT_CHECK, this.checkTimeouts) : undefined;
    this.context.inBackground('presence timeouts', () => this.updateAll(changed, false));
  };
}

function parsePresence(value: string): Presence {
  if (VALID.includes(value)) return value as Presence;
  throw new SynapseError(400, 'Invalid presence state', Codes.UNKNOWN);
}
