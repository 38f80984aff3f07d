/* eslint-disable @typescript-eslint/no-deprecated -- what is deprecated works, too */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { ModuleApi } from '../../src/module-api/module-api.js';
import type { MembershipAction } from '../../src/module-api/rooms-api.js';
import { Module } from '../../src/decorators/module.js';
import type { Room } from '../../src/homeserver/rooms/model/rooms.js';
import type { RoomId, UserId } from '../../src/matrix/ids.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { loaded } from './module-host.js';
import { RoomWorld } from './room-world.js';

const users = ['alice', 'bob', 'carol'].map((name) => `@${name}:hs.test` as UserId);

/** An event that somebody sends, and those that a module sends while it is asked about that one. */
export interface Act {
  readonly by: number;
  readonly on: number;
  readonly kind: 'message' | 'topic' | 'power' | 'rules' | MembershipAction;
  readonly value: number;
  readonly inside: readonly Act[];
}

const memberships = ['join', 'leave', 'kick', 'ban', 'unban', 'invite'] as const;
const kinds = ['message', 'message', 'topic', 'power', 'rules', ...memberships] as const;
/** What somebody may do. */
export const { act } = fc.letrec<{ act: Act; inside: readonly Act[] }>((tie) => ({
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

/** A homeserver with such a module. */
export interface ActingWorld {
  readonly world: RoomWorld;
  /** Chooses the room for all that follows. */
  readonly begin: (room: RoomId) => void;
  readonly perform: (act: Act) => Promise<void>;
  readonly find: () => Room;
}

/** A homeserver whose module acts from inside `check_event_allowed`. */
export async function openActing(t: TestContext, databasePath: string): Promise<ActingWorld> {
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
    begin: (room) => {
      roomId = room;
    },
    perform: (act) => perform(act, false),
    find: () => {
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
