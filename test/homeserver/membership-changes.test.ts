import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import { VesicleError } from '../../src/errors/vesicle-error.js';
import type { RoomId, UserId } from '../../src/matrix/ids.js';
import { openProbed } from '../support/module-probe.js';

/** A little longer than the homeserver takes to look whether a change waits for itself. */
const long = 5600;

test('of the changes that a check makes in the same room, the awaited one is refused and the other has its turn', async (t) => {
  const { hs, api } = await openProbed(t);
  const alice = await hs.register('alice');
  const roomId = (await hs.createRoom(alice)) as RoomId;
  const invite = (name: string): Promise<unknown> =>
    api.updateRoomMembership(alice.userId as UserId, `@${name}:hs.test` as UserId, roomId, 'invite');
  let left: Promise<unknown> | undefined;
  let awaited: unknown;
  api.registerSpamCheckerCallbacks({
    user_may_invite: async (_inviter, invitee) => {
      if (invitee === '@bob:hs.test') left = invite('carol');
      return NOT_SPAM;
    },
  });
  api.registerSpamCheckerCallbacks({
    user_may_invite: async (_inviter, invitee) => {
      if (invitee === '@bob:hs.test') await delay(long);
      if (invitee === '@dave:hs.test') await invite('erin').catch((error: unknown) => (awaited = error));
      return NOT_SPAM;
    },
  });
  await invite('bob');
  await left;
  await invite('dave');
  assert.ok(awaited instanceof VesicleError);
  assert.equal(awaited.code, 'ROOMS_MEMBERSHIP_WAITS_FOR_ITSELF');
  const members = await hs.request(alice, 'GET', `/_matrix/client/v3/rooms/${roomId}/members?membership=invite`);
  assert.deepEqual(
    members.listAt('chunk').map((event) => event['state_key']),
    ['bob', 'carol', 'dave'].map((name) => `@${name}:hs.test`),
  );
});
