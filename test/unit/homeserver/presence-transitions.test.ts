import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  combineDevices,
  deviceAfterTimeouts,
  type DevicePresence,
  isWorthTelling,
  presenceContent,
  unknownPresence,
} from '../../../src/homeserver/ephemeral/presence-transitions.js';
import type { UserId } from '../../../src/matrix/ids.js';
import type { Presence, UserPresenceState } from '../../../src/matrix/presence.js';

const times = { lastActiveGranularity: 60_000, syncOnlineTimeout: 30_000, idleTimeout: 300_000 };
const now = 10_000_000;

function device(state: Presence, lastActiveTs = now, lastSyncTs = now): DevicePresence {
  return { state, lastActiveTs, lastSyncTs };
}

function state(fields: Partial<UserPresenceState>): UserPresenceState {
  return { ...unknownPresence('@a:hs.test' as UserId), ...fields };
}

test('a user is what their most present device is', () => {
  for (const [states, expected] of [
    [[], 'offline'],
    [['offline', 'unavailable'], 'unavailable'],
    [['online', 'unavailable'], 'online'],
    [['online', 'org.matrix.msc3026.busy'], 'org.matrix.msc3026.busy'],
  ] as const) {
    assert.equal(combineDevices(states.map((each) => device(each))), expected);
  }
});

test('a device becomes idle and goes when nothing is heard of it', () => {
  const after = (one: DevicePresence, isSyncing = false): Presence | undefined =>
    deviceAfterTimeouts(one, isSyncing, now, times)?.state;
  assert.equal(after(device('online')), 'online');
  assert.equal(after(device('online', now - 300_001)), 'unavailable');
  assert.equal(after(device('online', now - 30_001, now - 30_001)), undefined);
  assert.equal(after(device('online', now - 30_001, now - 30_001), true), 'online');
  assert.equal(after(device('unavailable', now - 60_000, now - 20_000)), 'unavailable');
  assert.equal(after(device('org.matrix.msc3026.busy', now - 60_000, now - 60_000)), 'org.matrix.msc3026.busy');
  assert.equal(after(device('org.matrix.msc3026.busy', now - 3_600_001, now - 3_600_001)), undefined);
});

test('others are told of what they could see', () => {
  const online = state({ state: 'online', lastActiveTs: now, currentlyActive: true });
  for (const [name, before, after, expected] of [
    ['nothing', online, online, false],
    ['another state', online, { ...online, state: 'offline' as const }, true],
    ['another message', online, { ...online, statusMsg: 'x' }, true],
    ['no longer active', online, { ...online, currentlyActive: false }, true],
    ['active a little later', online, { ...online, lastActiveTs: now + 61_000 }, false],
    ['first seen', state({}), state({ lastActiveTs: now }), true],
    ['seen again soon', state({ lastActiveTs: now }), state({ lastActiveTs: now + 1000 }), false],
  ] as const) {
    assert.equal(isWorthTelling(before, after, times), expected, name);
  }
});

test('clients get what there is to say', () => {
  assert.deepEqual(presenceContent(state({}), now), { presence: 'offline' });
  assert.deepEqual(
    presenceContent(state({ state: 'online', lastActiveTs: now - 5, statusMsg: 'hi', currentlyActive: true }), now),
    { presence: 'online', last_active_ago: 5, status_msg: 'hi', currently_active: true },
  );
  assert.deepEqual(presenceContent(state({ statusMsg: '' }), now), { presence: 'offline' });
});
