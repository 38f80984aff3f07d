import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RoomEvent } from '../../../src/homeserver/rooms/model/room-event.js';
import { RoomState } from '../../../src/homeserver/rooms/model/room-state.js';
import { findRoomVersion } from '../../../src/homeserver/rooms/model/room-version.js';
import type { EventId, RoomId } from '../../../src/matrix/ids.js';

const MEMBER = 'm.room.member';
const version = findRoomVersion('10') ?? assert.fail();
const memberships = ['join', 'invite', 'leave', 'ban', 'knock'];

const steps = fc.array(
  fc.record({
    user: fc.nat(15),
    membership: fc.option(fc.constantFrom(...memberships), { nil: undefined }),
    isAsked: fc.boolean(),
    isSnapshot: fc.boolean(),
  }),
  { maxLength: 80 },
);

function memberEvent(stateKey: string, membership: string, position: number): RoomEvent {
  const pdu = { content: { membership }, sender: stateKey, state_key: stateKey, type: MEMBER };
  return new RoomEvent({
    eventId: `$${String(position)}` as EventId,
    roomId: '!room:hs.test' as RoomId,
    version,
    json: JSON.stringify(pdu),
    metadata: {},
    position,
    sign: () => ({}),
  });
}

function firstOf(state: RoomState, membership: string): readonly RoomEvent[] {
  return [...state.ofType(MEMBER).values()]
    .filter((event) => event.membership === membership)
    .sort((a, b) => a.position - b.position)
    .slice(0, 6);
}

describe('the members of a room state', () => {
  it('are counted and known as if they were looked through each time', () => {
    fc.assert(
      fc.property(steps, (list) => {
        let state = new RoomState(version);
        for (const [position, { user, membership, isAsked, isSnapshot }] of list.entries()) {
          const stateKey = `@${String(user)}:hs.test`;
          if (isSnapshot) state = state.snapshot();
          if (membership === undefined) state.delete(MEMBER, stateKey);
          else state.set(memberEvent(stateKey, membership, position));
          if (!isAsked) continue;
          for (const one of memberships) {
            assert.equal(state.countWith(one), state.usersWith(one).length);
            assert.deepEqual(state.firstWith(one), firstOf(state, one));
          }
        }
      }),
    );
  });
});
