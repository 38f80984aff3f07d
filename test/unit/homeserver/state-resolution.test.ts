import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RoomEvent } from '../../../src/homeserver/rooms/model/room-event.js';
import { RoomState } from '../../../src/homeserver/rooms/model/room-state.js';
import {
  findRoomVersion,
  type RoomVersion,
  roomVersionNames,
} from '../../../src/homeserver/rooms/model/room-version.js';
import { resolveStates } from '../../../src/homeserver/rooms/auth/state-resolution.js';
import type { EventId, RoomId } from '../../../src/matrix/ids.js';
import type { JsonObject } from '../../../src/matrix/json.js';

/** States of a room after random acts on several sides, and what Synapse 1.163.2 made of them (`state/v1.py`, `state/v2.py`). */
interface Resolved {
  readonly version: string;
  readonly room: RoomId;
  readonly events: Readonly<Record<EventId, JsonObject>>;
  /** The IDs of the events of each state. */
  readonly states: readonly (readonly EventId[])[];
  readonly resolved: readonly EventId[];
}

const fixture = new URL('../../../../test/fixtures/resolved-states.json', import.meta.url);
const all = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Resolved[];

for (const id of new Set(all.map(({ version }) => version))) {
  test(`states of rooms of version ${id} are resolved as by Synapse`, () => {
    const version = findRoomVersion(id);
    assert.ok(version !== undefined);
    const rooms = all.filter((room) => room.version === id);
    assert.ok(rooms.length >= 10);
    for (const [index, room] of rooms.entries()) {
      assert.deepEqual(resolve(version, room), room.resolved, `room ${index}: ${JSON.stringify(room.states)}`);
    }
  });
}

test('of one state there is nothing to resolve', () => {
  for (const name of roomVersionNames()) {
    const version = findRoomVersion(name);
    assert.ok(version !== undefined);
    const state = new RoomState(version);
    assert.equal(
      resolveStates(version, [state], () => undefined),
      state,
    );
  }
});

function resolve(version: RoomVersion, room: Resolved): readonly string[] {
  const events = new Map(
    Object.entries(room.events).map(([eventId, pdu]) => {
      const parts = { eventId: eventId as EventId, roomId: room.room, version, metadata: {}, position: 1 };
      return [eventId, new RoomEvent({ ...parts, json: JSON.stringify(pdu), sign: () => ({}) })];
    }),
  );
  const states = room.states.map(
    (ids) =>
      new RoomState(
        version,
        ids.flatMap((id) => events.get(id) ?? []),
      ),
  );
  const resolved = resolveStates(version, states, (id) => events.get(id));
  return resolved
    .all()
    .map((event) => event.eventId)
    .sort();
}
