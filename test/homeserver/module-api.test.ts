/* eslint-disable @typescript-eslint/no-deprecated -- what is deprecated works, too */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mail, Mailer } from '../../src/homeserver/runtime/mailer.js';
import type { RoomAlias, RoomId, UserId } from '../../src/matrix/ids.js';
import { tuple } from '../../src/matrix/tuple.js';
import { ManualTimers } from '../support/manual-timers.js';
import { openProbed } from '../support/module-probe.js';

const alice = '@alice:hs.test' as UserId;
const stranger = '@x:other.test' as UserId;
const nobody = '@nobody:hs.test' as UserId;
const nonsense = 'nonsense' as UserId;

test('properties are those of the configuration', async (t) => {
  const { api } = await openProbed(t, { config: { publicBaseurl: 'https://matrix.example/base/', workerName: 'w1' } });
  assert.equal(api.serverName, 'hs.test');
  assert.equal(api.publicBaseurl, 'https://matrix.example/base/');
  assert.equal(api.emailAppName, 'Matrix');
  assert.equal(api.workerName, 'w1');
  assert.equal(api.workerApp, null);
  assert.equal(api.customTemplateDir, null);
  assert.equal(await api.shouldRunBackgroundTasks(), true);
});

test('an account is known by its exact ID', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const info = await api.getUserinfoById(alice);
  assert.deepEqual(
    { ...info, creationTs: info !== null && Math.abs(info.creationTs - Date.now() / 1000) < 60 },
    {
      userId: alice,
      appserviceId: null,
      consentServerNoticeSent: null,
      consentVersion: null,
      consentTs: null,
      userType: null,
      creationTs: true,
      isAdmin: false,
      isDeactivated: false,
      isGuest: false,
      isShadowBanned: false,
      approved: true,
      locked: false,
      suspended: false,
    },
  );
  assert.equal(await api.getUserinfoById('@ALICE:hs.test' as UserId), null);
  assert.equal(await api.checkUserExists('@ALICE:hs.test' as UserId), alice);
  assert.equal(await api.checkUserExists(nobody), null);
  assert.deepEqual(await api.getProfileForUser('alice'), { displayName: 'alice', avatarUrl: null });
  assert.deepEqual(await api.getProfileForUser('nobody'), { displayName: null, avatarUrl: null });
  assert.equal(await api.getQualifiedUserId('alice'), alice);
  assert.equal(await api.getQualifiedUserId('@short'), '@short');
});

test('a user becomes an administrator, and no stranger does', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  await api.setUserAdmin(alice, true);
  assert.equal(await api.isUserAdmin(alice), true);
  assert.equal(await api.isUserAdmin(nobody), false);
  await assert.rejects(api.setUserAdmin(nobody, true), { status: 404, message: 'No row found (users)' });
  await assert.rejects(api.setUserAdmin(nonsense, true), { status: 400, errcode: 'M_INVALID_PARAM' });
});

test('a registered account has addresses, devices and tokens, and loses them', async (t) => {
  const { hs, api } = await openProbed(t);
  await api.checkUsername('bot');
  const bot = await api.registerUser('bot', { displayname: 'Bot', emails: ['Bot@Example.com'], admin: true });
  assert.deepEqual(await api.getProfileForUser('bot'), { displayName: 'Bot', avatarUrl: null });
  assert.deepEqual(
    (await api.getThreepidsForUser(bot)).map(({ medium, address }) => [medium, address]),
    [['email', 'bot@example.com']],
  );
  await assert.rejects(api.checkUsername('bot'), { errcode: 'M_USER_IN_USE' });
  const [deviceId, token, validUntil, refreshToken] = await api.registerDevice(bot, { deviceId: 'D1' });
  assert.deepEqual([deviceId, validUntil, refreshToken], ['D1', null, null]);
  const user = { userId: bot, token, deviceId };
  assert.equal((await hs.request(user, 'GET', '/_matrix/client/v3/account/whoami')).at('device_id'), 'D1');
  assert.equal((await api.getUserIpAndAgents(bot))[0]?.ip, '127.0.0.1');
  assert.deepEqual(await api.getUserIpAndAgents(bot, { sinceTs: Date.now() + 60_000 }), []);
  assert.deepEqual(await api.getUserIpAndAgents(stranger), []);
  await api.invalidateAccessToken(token);
  assert.equal((await hs.request(user, 'GET', '/_matrix/client/v3/account/whoami')).status, 401);
  await assert.rejects(api.invalidateAccessToken(token), { status: 401, errcode: 'M_UNKNOWN_TOKEN' });
  const [second] = await api.register('bot2');
  assert.equal(second, '@bot2:hs.test');
});

test('an identity elsewhere belongs to one account', async (t) => {
  const { api } = await openProbed(t);
  const [one, two] = [await api.registerUser('one'), await api.registerUser('two')];
  await api.recordUserExternalId('idp', 'ext', one);
  await api.recordUserExternalId('idp', 'ext', one);
  await assert.rejects(api.recordUserExternalId('idp', 'ext', two), { type: 'ExternalIDReuseException' });
});

test('a login token works once', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const token = await api.createLoginToken(alice);
  const login = { type: 'm.login.token', token };
  assert.equal((await hs.request(undefined, 'POST', '/_matrix/client/v3/login', login)).status, 200);
  assert.equal((await hs.request(undefined, 'POST', '/_matrix/client/v3/login', login)).status, 403);
});

test('rooms are created, changed and read', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const bob = await hs.register('bob');
  const [roomId, alias] = await api.createRoom(alice, { room_alias_name: 'lobby', preset: 'public_chat' });
  assert.equal(alias, '#lobby:hs.test');
  assert.equal(await api.getCanonicalRoomAlias(roomId), alias);
  assert.equal(await api.getCanonicalRoomAlias('!none:hs.test' as RoomId), null);
  assert.deepEqual(await api.lookupRoomAlias('#lobby:hs.test' as RoomAlias), [roomId, ['hs.test']]);
  await assert.rejects(api.createRoom(stranger, {}), { type: 'RuntimeError' });

  const content: Record<string, unknown> = { displayname: 'Bobby' };
  const joined = await api.updateRoomMembership(bob.userId as UserId, bob.userId as UserId, roomId, 'join', {
    content,
  });
  assert.equal(joined.membership, 'join');
  assert.equal(joined.content['displayname'], 'Bobby');
  const invited = await api.updateRoomMembership(alice, nobody, roomId, 'invite');
  assert.equal(invited.content['displayname'], 'nobody');
  await assert.rejects(api.updateRoomMembership(stranger, stranger, roomId, 'join'), { type: 'RuntimeError' });

  const sent = await api.createAndSendEventIntoRoom({
    type: 'org.example.state',
    room_id: roomId,
    sender: alice,
    state_key: 'k',
    content: { a: 1 },
  });
  const state = await api.getRoomState(roomId, { eventFilter: [['org.example.state', null]] });
  assert.deepEqual(await state.keys(), [['org.example.state', 'k']]);
  assert.equal((await state.get('org.example.state', 'k'))?.eventId, sent.eventId);
  assert.equal(await state.get('org.example.state', ''), undefined);
  const whole = await api.getRoomState(roomId, { eventFilter: [] });
  assert.equal(
    (await whole.all()).some((event) => event.type === 'm.room.create'),
    true,
  );
  assert.deepEqual(await (await api.getRoomState('!none:hs.test' as RoomId)).all(), []);
  const events = await api.getStateEventsInRoom(roomId, [['m.room.member', bob.userId]]);
  assert.deepEqual(
    events.map((event) => event.eventId),
    [joined.eventId],
  );
  assert.equal(await api.isMine(alice), true);
  assert.equal(await api.isMine(stranger), false);
  assert.equal(await api.isMine(roomId), false, 'IDs of rooms of version 12 name no server');
});

for (const [what, change, expected] of [
  ['no sender', { sender: undefined }, { type: 'KeyError', message: "'sender'" }],
  ['no room', { room_id: undefined }, { type: 'KeyError', message: "'room_id'" }],
  ['no type', { type: undefined }, { type: 'KeyError', message: "'type'" }],
  ['a sender of another server', { sender: stranger }, { type: 'Exception' }],
  ['a sender outside of the room', { sender: '@bob:hs.test' }, { status: 403, errcode: 'M_FORBIDDEN' }],
  ['a membership', { type: 'm.room.member', state_key: alice }, { status: 500 }],
] as const) {
  test(`an event with ${what} is not sent`, async (t) => {
    const { hs, api } = await openProbed(t);
    await hs.register('alice');
    await hs.register('bob');
    const [roomId] = await api.createRoom(alice, {});
    const event = { type: 'm.room.message', room_id: roomId, sender: alice, content: { body: 'x', msgtype: 'm.text' } };
    await assert.rejects(api.createAndSendEventIntoRoom({ ...event, ...change }), expected);
  });
}

test('a room is removed in the background', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const [roomId] = await api.createRoom(alice, {});
  await api.deleteRoom(roomId);
  await hs.homeserver.idle();
  assert.deepEqual((await hs.request(user, 'GET', '/_matrix/client/v3/joined_rooms')).at('joined_rooms'), []);
});

test('the public room list is changed without asking anybody', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const [roomId] = await api.createRoom(alice, {});
  const list = api.publicRoomListManager;
  assert.equal(await list.roomIsInPublicRoomList(roomId), false);
  await list.addRoomToPublicRoomList(roomId);
  assert.equal(await list.roomIsInPublicRoomList(roomId), true);
  await list.removeRoomFromPublicRoomList(roomId);
  assert.equal(await list.roomIsInPublicRoomList(roomId), false);
  const unknown = '!none:hs.test' as RoomId;
  assert.equal(await list.roomIsInPublicRoomList(unknown), false);
  await assert.rejects(list.addRoomToPublicRoomList(unknown), { status: 404, message: 'No row found (rooms)' });
});

test('global account data is read and replaced', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const manager = api.accountDataManager;
  assert.equal(await manager.getGlobal(alice, 'org.example'), null);
  await manager.putGlobal(alice, 'org.example', { a: { b: [1] } });
  assert.deepEqual(await manager.getGlobal(alice, 'org.example'), { a: { b: [1] } });
  assert.equal(await manager.getGlobal(nobody, 'org.example'), null);
  await assert.rejects(manager.getGlobal(nonsense, 'x'), { status: 400 });
  await assert.rejects(manager.getGlobal(stranger, 'x'), { type: 'ValueError' });
  await assert.rejects(manager.putGlobal(nobody, 'x', {}), {
    type: 'ValueError',
    message: 'User @nobody:hs.test does not exist on this server.',
  });
  const untyped = manager.putGlobal as (...args: readonly unknown[]) => Promise<void>;
  await assert.rejects(untyped(alice, 5, {}), { type: 'TypeError', message: 'data_type must be a str; got int' });
  await assert.rejects(untyped(alice, 'x', [1]), { type: 'TypeError', message: 'new_data must be a dict; got list' });
});

test('presence is set for users', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const status = `/_matrix/client/v3/presence/${alice}/status`;
  await api.setPresenceForUsers({ [alice]: ['unavailable', 'away'] });
  assert.equal((await hs.request(user, 'GET', status)).at('status_msg'), 'away');
  await api.setPresenceForUsers(new Map([[alice, tuple('online', null)]]));
  assert.equal((await hs.request(user, 'GET', status)).at('presence'), 'online');
  await api.sendLocalOnlinePresenceTo([alice, stranger]);
});

test('actions of push rules are checked and set', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  await api.checkPushRuleActions(['notify', { set_tweak: 'sound', value: 'default' }]);
  await api.setPushRuleAction(alice, 'global', 'underride', '.m.rule.message', ['dont_notify']);
  const invalid = ['dance'] as unknown as readonly ['notify'];
  await assert.rejects(api.checkPushRuleActions(invalid), { type: 'InvalidRuleException' });
  await assert.rejects(api.setPushRuleAction(alice, 'global', 'underride', 'none', []), {
    type: 'RuleNotFoundException',
  });
  await assert.rejects(api.setPushRuleAction(alice, 'device' as 'global', 'underride', 'none', []), {
    type: 'RuntimeError',
  });
});

test('a display name is set as an administrator would', async (t) => {
  const { hs, api } = await openProbed(t, { config: { enableSetDisplayname: false } });
  await hs.register('alice');
  await api.setDisplayname(alice, 'Alice');
  assert.equal((await api.getProfileForUser('alice')).displayName, 'Alice');
  await assert.rejects(api.setDisplayname(stranger, 'X'), { status: 400 });
  await assert.rejects(api.setDisplayname(alice, 'x'.repeat(257)), { status: 400 });
});

test('a request is authenticated once', async (t) => {
  const { hs, api } = await openProbed(t);
  const { token } = await hs.register('alice');
  const request = new Request('http://hs.test/x', { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await api.getUserByReq(request)).userId, alice);
  await assert.rejects(api.getUserByReq(request), { type: 'AssertionError' });
  await assert.rejects(api.getUserByReq(new Request('http://hs.test/x')), { errcode: 'M_MISSING_TOKEN' });
  const inQuery = new Request(`http://hs.test/x?access_token=${token}`);
  assert.equal((await api.getUserByReq(inQuery)).userId, alice);
});

test('a single sign-on ends with a page or a redirect that brings a login token', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const response = await api.completeSsoLoginAsync(
    alice,
    new Request('http://hs.test/'),
    'https://client.example/?a=1',
  );
  assert.equal(response.status, 200);
  assert.match(await response.text(), /client\.example.*loginToken=syl_/s);
});

test('caches are invalidated, addresses remembered, active users not counted', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const forgotten: unknown[] = [];
  const cached = Object.assign(async (_key: string) => 1, {
    cacheName: 'c',
    invalidate: (keys: readonly unknown[]) => forgotten.push(keys),
    invalidateAll: () => undefined,
    prefill: () => undefined,
  });
  await api.registerCachedFunction(cached);
  await api.invalidateCache(cached, ['key']);
  assert.deepEqual(forgotten, [['key']]);
  await api.storeRemote3pidAssociation(alice, 'email', 'a@example.com', 'id.example');
  assert.deepEqual(await api.getThreepidsForUser(alice), []);
  assert.deepEqual(await api.getMonthlyActiveUsersByService(), []);
});

test('background calls follow the clock of the homeserver and end with it', async (t) => {
  const clock = new ManualTimers();
  const { hs, api } = await openProbed(t, { clock });
  const calls: string[] = [];
  await api.loopingBackgroundCall(() => calls.push('loop'), 500, { desc: 'loop' });
  const once = await api.delayedBackgroundCall(700, () => calls.push('once'));
  assert.equal(await once.active(), true);
  assert.equal(await once.getTime(), 0.7);
  clock.advance(500);
  await hs.homeserver.idle();
  clock.advance(200);
  await hs.homeserver.idle();
  assert.deepEqual(calls, ['loop', 'once']);
  assert.equal(await once.active(), false);
  await assert.rejects(once.cancel(), { type: 'AlreadyCalled' });

  const never = await api.delayedBackgroundCall(10, () => calls.push('never'));
  await never.reset(1);
  await never.delay(1);
  clock.advance(1500);
  await hs.homeserver.idle();
  assert.equal(await never.getTime(), 2.7);
  await never.cancel();
  await assert.rejects(never.cancel(), { type: 'AlreadyCancelled' });
  assert.deepEqual(calls, ['loop', 'once', 'loop'], 'a loop that is late skips beats');

  const before = clock.count;
  await hs.homeserver.close();
  assert.equal(clock.count < before, true);
  clock.advance(10_000);
  assert.deepEqual(calls, ['loop', 'once', 'loop']);
});

test('what fails in the background is logged, and loops go on', async (t) => {
  const clock = new ManualTimers();
  const { hs, api } = await openProbed(t, { clock });
  let runs = 0;
  await api.loopingBackgroundCall(
    async () => {
      runs++;
      throw new Error('broken');
    },
    100,
    { desc: 'fragile' },
  );
  clock.advance(100);
  await hs.homeserver.idle();
  clock.advance(100);
  await hs.homeserver.idle();
  assert.equal(runs, 2);
  assert.equal(await api.runAsBackgroundProcess('ok', async () => 7), 7);
  const failed: unknown = await api.runAsBackgroundProcess('bad', async (): Promise<number> => {
    throw new Error('broken');
  });
  assert.equal(failed, undefined);
  await hs.homeserver.idle();
  assert.deepEqual(
    hs.log.texts.filter((text) => text.includes('threw')),
    [
      "error Probe: Background process 'fragile' threw an exception",
      "error Probe: Background process 'fragile' threw an exception",
      "error Probe: Background process 'bad' threw an exception",
    ],
  );
});

test('sleeping and deferred work', async (t) => {
  const clock = new ManualTimers();
  const { api } = await openProbed(t, { clock });
  let isAwake = false;
  const sleeping = api.sleep(1.5).then(() => (isAwake = true));
  clock.advance(1499);
  assert.equal(isAwake, false);
  clock.advance(1);
  assert.equal(await sleeping, true);
  assert.equal(await api.getCurrentTimeMsec(), 1500);
  assert.equal(await api.deferToThread(() => 7), 7);
  await assert.rejects(
    api.deferToThreadpool(undefined, () => {
      throw new Error('there');
    }),
    /there/,
  );
});

test('mail goes to whoever sends it for the homeserver', async (t) => {
  const sent: Mail[] = [];
  const mailer: Mailer = {
    send: async (mail) => {
      sent.push(mail);
    },
  };
  const { api } = await openProbed(t, { mailer });
  await api.sendMail('Alice <alice@example.com>', 'Hi', '<p>hi', 'hi');
  assert.deepEqual(sent, [{ to: 'Alice <alice@example.com>', subject: 'Hi', html: '<p>hi', text: 'hi' }]);
  await assert.rejects(api.sendMail('Nobody <>', 'Hi', '', ''), { type: 'RuntimeError' });
});
