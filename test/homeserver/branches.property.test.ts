import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAllowed } from '../../src/homeserver/rooms/auth/event-allowed.js';
import { authTypesFor } from '../../src/homeserver/rooms/auth/event-auth.js';
import type { RoomEvent } from '../../src/homeserver/rooms/model/room-event.js';
import { RoomState } from '../../src/homeserver/rooms/model/room-state.js';
import { resolveStates } from '../../src/homeserver/rooms/auth/state-resolution.js';
import type { Room } from '../../src/homeserver/rooms/model/rooms.js';
import type { RoomId } from '../../src/matrix/ids.js';
import { act, openActing } from '../support/acting-world.js';
import { temporaryFolder } from '../support/temporary-folder.js';

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
