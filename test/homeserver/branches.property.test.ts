import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { ModuleApi } from '../../src/api/module-api.js';
import type { MembershipAction } from '../../src/api/rooms-api.js';
import { Module } from '../../src/decorators/module.js';
import { isAllowed } from '../../src/homeserver/rooms/event-allowed.js';
import { authTypesFor } from '../../src/homeserver/rooms/event-auth.js';
import type { RoomEvent } from '../../src/homeserver/rooms/room-event.js';
import { RoomState } from '../../src/homeserver/rooms/room-state.js';
import { resolveStates } from '../../src/homeserver/rooms/state-resolution.js';
import type { Room } from '../../src/homeserver/rooms/rooms.js';
import type { JsonObject } from '../../src/matrix/json.js';
import type { RoomId, UserId } from '../../src/matrix/ids.js';
import { loaded } from '../support/module-host.js';
import { RoomWorld } from '../support/room-world.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const users = ['alice', 'bob', 'carol'].map((name) => `@${name}:hs.test` as UserId);

/** An event that somebody sends, and those that a module sends while it is asked about that one. */
interface Act {
  readonly by: number;
  readonly on: number;
  readonly kind: 'message' | 'topic' | 'power' | 'rules' | MembershipAction;
  readonly value: number;
  readonly inside: readonly Act[];
}

const memberships = ['join', 'leave', 'kick', 'ban', 'unban', 'invite'] as const;
const kinds = ['message', 'message', 'topic', 'power', 'rules', ...memberships] as const;
const { act } = fc.letrec<{ act: Act; inside: readonly Act[] }>((tie) => ({
  act: fc.record({
    by: fc.constantFrom(0, 0, 1, 2),
    on: fc.constantFrom(0, 1, 2),
    kind: fc.constantFrom(...kinds),
    value: fc.constantFrom(0, 50, 100),
    inside: tie('inside'),
  }),
  inside: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant([]),
    fc.array(tie('act'), { minLength: 1, maxLength: 3 }),
  ),
}));

/** A homeserver whose module acts from inside `check_event_allowed`. */
async function openActing(t: TestContext, databasePath: string) {
  let perform: (act: Act, isInMembership: boolean) => Promise<void> = async () => undefined;
  let waiting: { readonly acts: readonly Act[]; readonly isInMembership: boolean } | undefined;
  let roomId = '' as RoomId;
  @Module()
  class Actor {
    constructor(api: ModuleApi) {
      api.registerThirdPartyRulesCallbacks({
        check_event_allowed: async () => {
          const now = waiting;
          waiting = undefined;
          for (const act of now?.acts ?? []) await perform(act, now?.isInMembership === true);
          return [true, null];
        },
      });
      perform = async (act, isInMembership) => {
        const isMembership = memberships.some((kind) => kind === act.kind);
        // It would wait for itself.
        if (isMembership && isInMembership) return;
        waiting = { acts: act.inside, isInMembership: isMembership || isInMembership };
        // What is not allowed is no concern of this test.
        await send(api, roomId, act).catch(() => undefined);
        waiting = undefined;
      };
    }
  }
  const world = await RoomWorld.open(t, { config: { databasePath }, modules: [loaded(Actor)] });
  return {
    world,
    begin: (room: RoomId) => (roomId = room),
    perform: (act: Act) => perform(act, false),
    find: (): Room => {
      const room = world.hs.homeserver.services.rooms.rooms.find(roomId);
      assert.ok(room !== undefined);
      return room;
    },
  };
}

async function send(api: ModuleApi, roomId: RoomId, { by, on, kind, value }: Act): Promise<void> {
  const [sender, target] = [users[by], users[on]] as [UserId, UserId];
  const event = (type: string, content: JsonObject, more: JsonObject = {}): Promise<unknown> =>
    api.createAndSendEventIntoRoom({ type, room_id: roomId, sender, content, ...more });
  const state = { state_key: '' };
  if (kind === 'message') await event('m.room.message', { msgtype: 'm.text', body: 'text' });
  else if (kind === 'topic') await event('m.room.topic', { topic: `${String(value)} by ${sender}` }, state);
  else if (kind === 'rules') await event('m.room.join_rules', { join_rule: value === 0 ? 'public' : 'invite' }, state);
  else if (kind === 'power') {
    const levels = (await api.getStateEventsInRoom(roomId, [['m.room.power_levels', '']]))[0]?.content ?? {};
    const now = levels['users'] as JsonObject;
    await event('m.room.power_levels', { ...levels, users: { ...now, [target]: value } }, state);
  } else await api.updateRoomMembership(sender, kind === 'join' || kind === 'leave' ? sender : target, roomId, kind);
}

/** What the graph of a room's events makes of its state, worked out from the beginning. */
function replay(
  { version }: Room,
  events: readonly RoomEvent[],
): { readonly state: RoomState; readonly ends: Set<string> } {
  const known = new Map(events.map((event) => [event.eventId as string, event]));
  const after = new Map<string, RoomState>();
  const ends = new Set<string>();
  const stateAt = (ids: Iterable<string>): RoomState => {
    const states = [...ids].map((id) => after.get(id) ?? assert.fail(`${id} comes later than what follows it`));
    return states.length === 0 ? new RoomState(version) : resolveStates(version, states, (id) => known.get(id));
  };
  for (const event of events) {
    const before = stateAt(event.prevEvents);
    assert.ok(isAllowed(version, event, before), `${event.type} of ${event.sender} is not allowed where it was made`);
    const authorised = authTypesFor(version, event).flatMap(([type, key]) => before.get(type, key)?.eventId ?? []);
    const named = new Set<string>(authorised);
    if (version.hasCreatorPower) named.delete(events[0]?.eventId ?? '');
    assert.deepEqual(new Set<string>(event.authEvents), named);
    const then = before.snapshot();
    if (event.isState()) then.set(event);
    after.set(event.eventId, then);
    for (const id of event.prevEvents) ends.delete(id);
    ends.add(event.eventId);
  }
  return { state: stateAt(ends), ends };
}

const idsOf = (state: RoomState): readonly string[] =>
  state
    .all()
    .map(({ eventId }) => eventId)
    .sort();

for (const version of ['1', '2', '6', '10', '11', '12']) {
  test(`what modules send from inside checks is judged where it was made, in rooms of version ${version}`, async (t) => {
    const folder = await temporaryFolder(t);
    let file = 0;
    const holds = fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), async (acts) => {
      const path = join(folder, `${String(++file)}.db`);
      const acting = await openActing(t, path);
      const { world } = acting;
      const [alice, bob] = await world.users('alice', 'bob', 'carol');
      const roomId = await world.hs.createRoom(alice, { preset: 'public_chat', room_version: version });
      await world.join(bob, roomId);
      acting.begin(roomId as RoomId);
      for (const each of acts) await acting.perform(each);
      const room = acting.find();
      const events = world.hs.homeserver.services.rooms.events.read({
        roomId: room.roomId,
        direction: 'f',
        limit: 1000,
      });
      const { state, ends } = replay(room, events);
      assert.deepEqual(idsOf(room.state), idsOf(state));
      assert.deepEqual(new Set<string>(room.extremities.map(({ eventId }) => eventId)), ends);
      await world.hs.homeserver.close();
      const again = await openActing(t, path);
      again.begin(room.roomId);
      const reopened = again.find();
      assert.deepEqual(idsOf(reopened.state), idsOf(state));
      assert.deepEqual(new Set<string>(reopened.extremities.map(({ eventId }) => eventId)), ends);
      await again.world.hs.homeserver.close();
    });
    await fc.assert(holds, { numRuns: 12 });
  });
}
