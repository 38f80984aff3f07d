import type { Presence, UserPresenceState } from '../../matrix/presence.js';
import type { UserId } from '../../matrix/ids.js';

/** Milliseconds after which presence changes by itself (`presence` in homeserver.yaml). */
export interface PresenceTimes {
  /** How long somebody counts as active after they did something. */
  readonly lastActiveGranularity: number;
  /** After that long without a sync a device is offline. */
  readonly syncOnlineTimeout: number;
  /** After that long without activity a device is idle. */
  readonly idleTimeout: number;
}

/** What one device of a user says. */
export interface DevicePresence {
  readonly state: Presence;
  readonly lastActiveTs: number;
  readonly lastSyncTs: number;
}

const BUSY_TIMEOUT = 3_600_000;
const PRIORITY: Readonly<Record<Presence, number>> = {
  'org.matrix.msc3026.busy': 4,
  online: 3,
  unavailable: 2,
  offline: 1,
};

/** The presence of somebody nothing is known of. */
export function unknownPresence(userId: UserId): UserPresenceState {
  return {
    userId,
    state: 'offline',
    lastActiveTs: 0,
    lastFederationUpdateTs: 0,
    lastUserSyncTs: 0,
    statusMsg: null,
    currentlyActive: false,
  };
}

/** A user is what the most present of their devices is (`handlers/presence.py: _combine_device_states`). */
export function combineDevices(devices: Iterable<DevicePresence>): Presence {
  let best: DevicePresence = { state: 'offline', lastActiveTs: -1, lastSyncTs: 0 };
  for (const device of devices) {
    const difference = PRIORITY[device.state] - PRIORITY[best.state];
    if (difference > 0 || (difference === 0 && device.lastActiveTs > best.lastActiveTs)) best = device;
  }
  return best.state;
}

/** Whether others should be told of a change (`handlers/presence.py: should_notify`). */
export function isWorthTelling(
  before: UserPresenceState,
  after: UserPresenceState,
  { lastActiveGranularity }: PresenceTimes,
): boolean {
  if (before.statusMsg !== after.statusMsg || before.state !== after.state) return true;
  if (before.state === 'online' && before.currentlyActive !== after.currentlyActive) return true;
  const isMuchLater = after.lastActiveTs - before.lastActiveTs > lastActiveGranularity;
  return isMuchLater && (before.state !== 'online' || !after.currentlyActive);
}

/** A device after its timeouts (`handlers/presence.py: handle_timeout`); undefined when it is gone. */
export function deviceAfterTimeouts(
  device: DevicePresence,
  isSyncing: boolean,
  now: number,
  times: PresenceTimes,
): DevicePresence | undefined {
  const isIdle = device.state === 'online' && now - device.lastActiveTs > times.idleTimeout;
  const current = isIdle ? { ...device, state: 'unavailable' as const } : device;
  const timeout = current.state === 'org.matrix.msc3026.busy' ? BUSY_TIMEOUT : times.syncOnlineTimeout;
  const isGone = !isSyncing && now - Math.max(current.lastSyncTs, current.lastActiveTs) > timeout;
  return isGone ? undefined : current;
}

/** The content of an `m.presence` event (`handlers/presence.py: format_user_presence_state`). */
export function presenceContent(state: UserPresenceState, now: number): Record<string, string | number | boolean> {
  return {
    presence: state.state,
    ...(state.lastActiveTs > 0 && { last_active_ago: now - state.lastActiveTs }),
    ...(state.statusMsg !== null && state.statusMsg !== '' && { status_msg: state.statusMsg }),
    ...(state.state === 'online' && { currently_active: state.currentlyActive }),
  };
}
