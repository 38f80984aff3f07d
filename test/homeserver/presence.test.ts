import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { PRESENCE_ALL_USERS } from '../../src/callbacks/presence-router.js';
import type { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { PresenceConfig } from '../../src/config/homeserver/homeserver-sections.js';
import type { UserId } from '../../src/matrix/ids.js';
import type { UserPresenceState } from '../../src/matrix/presence.js';
import { EmbeddedHomeserver, type TestAnswer, type TestUser } from '../support/embedded-homeserver.js';
import { ManualTimers } from '../support/manual-timers.js';

const client = '/_matrix/client/v3';

interface Scene {
  readonly hs: EmbeddedHomeserver;
  readonly clock: ManualTimers;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly sync: (user: TestUser, query?: string) => Promise<TestAnswer>;
  readonly set: (user: TestUser, status: unknown) => Promise<number>;
}

async function open(t: TestContext, config: Partial<HomeserverConfig> = {}): Promise<Scene> {
  const clock = new ManualTimers();
  clock.advance(1_700_000_000_000);
  const hs = await EmbeddedHomeserver.open(t, { clock, config });
  const [alice, bob] = [await hs.register('alice'), await hs.register('bob')];
  return {
    hs,
    clock,
    alice,
    bob,
    sync: (user, query = '') => hs.request(user, 'GET', `${client}/sync?set_presence=offline&${query}`),
    set: async (user, status) => {
      const path = `${client}/presence/${encodeURIComponent(user.userId)}/status`;
      return (await hs.request(user, 'PUT', path, status)).status;
    },
  };
}

async function shareRoom({ hs, alice, bob }: Scene): Promise<void> {
  const roomId = await hs.createRoom(alice, { preset: 'public_chat' });
  await hs.request(bob, 'POST', `${client}/join/${encodeURIComponent(roomId)}`, {});
}

/** Who is what, as an answer to `/sync` tells. */
function seen(answer: TestAnswer): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const index of answer.listAt('presence', 'events').keys()) {
    const path = ['presence', 'events', index] as const;
    found[answer.textAt(...path, 'sender')] = answer.at(...path, 'content', 'presence');
  }
  return found;
}

function route(scene: Scene, callbacks: Readonly<Record<string, (...args: never[]) => unknown>>): void {
  scene.hs.homeserver.dispatch.register({
    module: 'm',
    category: 'presence_router',
    callbacks: Object.entries(callbacks).map(([name, handler]) => ({
      name,
      handler: async (...args: unknown[]) => handler(...(args as never[])),
    })),
  });
}

test('who syncs is online, becomes idle, and is gone when nothing is heard any more', async (t) => {
  const scene = await open(t);
  await shareRoom(scene);
  const { hs, clock, alice, bob, sync } = scene;
  await hs.request(bob, 'GET', `${client}/sync`);
  const first = await sync(alice);
  assert.equal(seen(first)[bob.userId], 'online');
  clock.advance(5000);
  await hs.homeserver.idle();
  assert.deepEqual(seen(await sync(alice, `since=${first.textAt('next_batch')}`)), {});
  clock.advance(26_000);
  await hs.homeserver.idle();
  const later = await sync(alice, `since=${first.textAt('next_batch')}`);
  assert.equal(seen(later)[bob.userId], 'offline');
});

test('what a client says holds until it is silent; unknown words are refused', async (t) => {
  const scene = await open(t);
  const { hs, bob, set } = scene;
  assert.equal(await set(bob, { presence: 'unavailable', status_msg: 'lunch' }), 200);
  const state = hs.homeserver.services.live.presence.stateOf(bob.userId as UserId);
  assert.deepEqual([state.state, state.statusMsg], ['unavailable', 'lunch']);
  for (const status of [
    {},
    { presence: 'x' },
    { presence: 1 },
    { presence: 'online', status_msg: 1 },
    { presence: 'online', x: 1 },
  ]) {
    assert.equal(await set(bob, status), 400, JSON.stringify(status));
  }
});

test('after a restart who was online is offline, and the message stays', async (t) => {
  const scene = await open(t);
  const { hs, bob, set } = scene;
  await set(bob, { presence: 'online', status_msg: 'hi' });
  const { database } = hs.homeserver.context;
  const { PresenceStore } = await import('../../src/homeserver/store/presence-store.js');
  const state = new PresenceStore(database).find(bob.userId as UserId);
  assert.deepEqual([state?.state, state?.statusMsg, state?.currentlyActive], ['offline', 'hi', false]);
});

test('modules route presence to users who share no room', async (t) => {
  const scene = await open(t);
  const { alice, bob, sync, set } = scene;
  route(scene, {
    get_users_for_states: () => new Map(),
    get_interested_users: (user: string) => new Set(user === bob.userId ? [alice.userId] : []),
  });
  const first = await sync(bob);
  await set(alice, { presence: 'online' });
  assert.deepEqual(seen(await sync(bob, `since=${first.textAt('next_batch')}`)), { [alice.userId]: 'online' });
  const other = await scene.hs.register('carol');
  assert.deepEqual(seen(await sync(other)), {});
});

test('a change wakes the users that a module names', async (t) => {
  const scene = await open(t);
  const { alice, bob, sync, set } = scene;
  const asked: string[][] = [];
  route(scene, {
    get_users_for_states: (states: readonly UserPresenceState[]) => {
      asked.push(states.map((state) => `${state.userId} ${state.state}`));
      return new Map([[bob.userId, new Set(states)]]);
    },
    get_interested_users: (user: string) => new Set(user === bob.userId ? [alice.userId] : []),
  });
  const first = await sync(bob);
  const poll = sync(bob, `timeout=60000&since=${first.textAt('next_batch')}`);
  await set(alice, { presence: 'online' });
  assert.deepEqual(seen(await poll), { [alice.userId]: 'online' });
  assert.deepEqual(asked[0], [`${alice.userId} online`]);
});

test('a module may choose from everybody’s presence; without an entry for the user the sync fails, as in Synapse', async (t) => {
  const scene = await open(t);
  const { alice, bob, sync, set } = scene;
  await set(alice, { presence: 'online' });
  let entry: UserPresenceState[] | undefined = [];
  route(scene, {
    get_users_for_states: (states: readonly UserPresenceState[]) =>
      entry === undefined
        ? new Map()
        : new Map([[bob.userId, new Set(states.filter((state) => state.userId === alice.userId))]]),
    get_interested_users: (user: string) => (user === bob.userId ? PRESENCE_ALL_USERS : new Set()),
  });
  assert.deepEqual(seen(await sync(bob)), { [alice.userId]: 'online' });
  entry = undefined;
  assert.equal((await sync(bob)).status, 500);
});

test('modules set presence, and have everybody’s sent anew', async (t) => {
  const scene = await open(t);
  await shareRoom(scene);
  const { hs, alice, bob, sync } = scene;
  const { presence } = hs.homeserver.services.live;
  await presence.setForUsers(new Map([[bob.userId as UserId, { state: 'online', statusMsg: 'set' }]]));
  const first = await sync(alice);
  assert.equal(seen(first)[bob.userId], 'online');
  const next = await sync(alice, `since=${first.textAt('next_batch')}`);
  assert.deepEqual(seen(next), {});
  await presence.sendFullTo([alice.userId as UserId]);
  const full = await sync(alice, `since=${next.textAt('next_batch')}`);
  assert.equal(seen(full)[bob.userId], 'online');
  assert.deepEqual(seen(await sync(alice, `since=${full.textAt('next_batch')}`)), {});
});

test('presence can be off, or left to modules', async (t) => {
  const off = await open(t, { presence: Object.assign(new PresenceConfig(), { enabled: false }) });
  assert.equal(await off.set(off.bob, { presence: 'online' }), 200);
  assert.equal((await off.sync(off.bob)).at('presence'), undefined);
  const path = `${client}/presence/${encodeURIComponent(off.bob.userId)}/status`;
  assert.deepEqual((await off.hs.request(off.alice, 'GET', path)).body, { presence: 'offline' });
  const untracked = await open(t, { presence: Object.assign(new PresenceConfig(), { enabled: 'untracked' as const }) });
  await untracked.set(untracked.bob, { presence: 'online' });
  const { presence } = untracked.hs.homeserver.services.live;
  assert.equal(presence.stateOf(untracked.bob.userId as UserId).state, 'offline');
  await presence.setForUsers(new Map([[untracked.bob.userId as UserId, { state: 'online', statusMsg: null }]]));
  assert.equal(presence.stateOf(untracked.bob.userId as UserId).state, 'online');
});
