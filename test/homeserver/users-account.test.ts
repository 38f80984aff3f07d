import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EmailConfig } from '../../src/config/homeserver/email-config.js';
import { UiAuthConfig } from '../../src/config/homeserver/homeserver-sections.js';
import type { RoomId } from '../../src/matrix/ids.js';
import { tuple } from '../../src/matrix/tuple.js';
import { type Account, Accounts, type Body } from '../support/accounts.js';
import { addAuthChecker, recordCallbacks, type RecordedCall } from '../support/callbacks.js';
import { ManualTimers } from '../support/manual-timers.js';

const client = '/_matrix/client/v3';
const email = Object.assign(new EmailConfig(), { notifFrom: 'hs@hs.test' });

test('a device is removed only after the user has proved who they are', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice', { device_id: 'ONE' });
  const other = await hs.logIn('alice', { device_id: 'TWO' });
  const path = `${client}/devices/TWO`;
  const first = await hs.send('DELETE', path, { headers: { authorization: `Bearer ${alice.token}` } });
  assert.equal(first.status, 401);
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.password'] }]);
  const { session } = first.body;
  const auth = (password: string): Body => ({
    auth: { type: 'm.login.password', user: 'alice', password, session },
  });
  const wrong = await hs.call(alice, 'DELETE', path, auth('wrong'));
  assert.equal(wrong.status, 401);
  assert.deepEqual(
    [wrong.body['errcode'], wrong.body['error'], wrong.body['completed'], wrong.body['session']],
    ['M_FORBIDDEN', 'Invalid username or password', [], session],
  );
  assert.equal((await hs.call(alice, 'DELETE', path, auth('alice'))).status, 200);
  assert.equal((await hs.call(other, 'GET', `${client}/account/whoami`)).status, 401);
  assert.equal((await hs.call(alice, 'GET', path)).body['errcode'], 'M_NOT_FOUND');
});

test("somebody else's credentials confirm nothing", async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  await hs.register('bob');
  const auth = { type: 'm.login.password', user: 'bob', password: 'bob' };
  const { status, body } = await hs.call(alice, 'POST', `${client}/delete_devices`, { devices: [], auth });
  assert.deepEqual([status, body], [403, { errcode: 'M_FORBIDDEN', error: 'Invalid auth' }]);
});

test('a confirmation counts for a while, except where much is at stake', async (t) => {
  const clock = new ManualTimers();
  clock.advance(1_000_000);
  const uiAuth = Object.assign(new UiAuthConfig(), { sessionTimeout: 60_000 });
  const hs = await Accounts.open(t, { clock, config: { uiAuth } });
  const alice = await hs.register('alice');
  const remove = async (): Promise<number> =>
    (await hs.call(alice, 'POST', `${client}/delete_devices`, { devices: ['x'] })).status;
  assert.equal(await remove(), 200, 'the login itself counts');
  clock.advance(60_001);
  assert.equal(await remove(), 401);
  assert.equal((await hs.confirmed(alice, 'POST', `${client}/delete_devices`, { devices: ['x'] })).status, 200);
  assert.equal(await remove(), 200);
  assert.equal((await hs.call(alice, 'POST', `${client}/account/deactivate`, {})).status, 401);
});

test("a module's login type is a flow of its own, and its callback is not called for a confirmation", async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const calls: string[] = [];
  addAuthChecker(hs, 'org.example.pin', ['pin'], async () =>
    tuple(alice.userId, async () => {
      calls.push('callback');
    }),
  );
  const path = `${client}/delete_devices`;
  const first = await hs.call(alice, 'POST', path, { devices: [] });
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.password'] }, { stages: ['org.example.pin'] }]);
  const auth = { type: 'org.example.pin', pin: 1, user: 'alice', session: first.body['session'] };
  assert.equal((await hs.call(alice, 'POST', path, { devices: [], auth })).status, 200);
  assert.deepEqual(calls, []);
});

test('a new password logs out everywhere else', async (t) => {
  const hs = await Accounts.open(t);
  const here = await hs.register('alice');
  const elsewhere = await hs.logIn('alice');
  const calls = recordCallbacks(hs, 'password_auth_provider', { on_logged_out: null });
  const changed = await hs.confirmed(here, 'POST', `${client}/account/password`, { new_password: 'better' });
  assert.deepEqual([changed.status, changed.body], [200, {}]);
  assert.deepEqual(calls, [['on_logged_out', elsewhere.userId, elsewhere.deviceId, elsewhere.token]]);
  assert.equal((await hs.call(here, 'GET', `${client}/account/whoami`)).status, 200);
  assert.equal((await hs.logIn('alice', { password: 'better' })).userId, here.userId);
});

test('the new password need not be sent twice', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const path = `${client}/account/password`;
  const { session } = (await hs.call(alice, 'POST', path, { new_password: 'better', logout_devices: false })).body;
  const auth = { type: 'm.login.password', user: 'alice', password: 'alice', session };
  assert.equal((await hs.call(alice, 'POST', path, { auth })).status, 200);
  assert.equal((await hs.logIn('alice', { password: 'better' })).userId, alice.userId);
  const none = await hs.call(alice, 'POST', path, { auth: { ...auth, session: undefined, password: 'better' } });
  assert.deepEqual(none.body, { errcode: 'M_MISSING_PARAM', error: 'Missing params: password' });
});

test('deactivation tells the modules step by step', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const room = await hs.call(alice, 'POST', `${client}/createRoom`, {});
  await hs.call(alice, 'PUT', `${client}/user/${alice.userId}/account_data/org.x`, { a: 1 });
  await hs.homeserver.services.users.threepids.add(alice.userId, {
    medium: 'email',
    address: 'a@b.c',
    validated_at: 1,
  });
  const calls: RecordedCall[] = [];
  recordCallbacks(hs, 'account_validity', { is_user_expired: false }, calls);
  recordCallbacks(hs, 'password_auth_provider', { on_logged_out: null }, calls);
  recordCallbacks(
    hs,
    'third_party_rules',
    {
      check_can_deactivate_user: true,
      on_remove_user_third_party_identifier: null,
      on_profile_update: null,
      on_user_deactivation_status_changed: null,
    },
    calls,
  );
  const { body } = await hs.confirmed(alice, 'POST', `${client}/account/deactivate`, { erase: true });
  assert.deepEqual(body, { id_server_unbind_result: 'success' });
  const { userId } = alice;
  assert.deepEqual(calls, [
    ['is_user_expired', userId],
    ['is_user_expired', userId],
    ['check_can_deactivate_user', userId, false],
    ['on_remove_user_third_party_identifier', userId, 'email', 'a@b.c'],
    ['on_logged_out', userId, alice.deviceId, alice.token],
    ['on_profile_update', userId, { displayName: null, avatarUrl: null }, false, true],
    ['on_user_deactivation_status_changed', userId, true, false],
  ]);
  await hs.homeserver.idle();
  const { states } = hs.homeserver.services.rooms;
  assert.equal(states.membership(userId, room.body['room_id'] as RoomId)?.membership, 'leave');
  assert.equal(hs.homeserver.services.users.accountData.get(userId, null, 'org.x'), undefined);
});

test('a restart keeps accounts, leaves rooms that were still to be left, and forgets what expired', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vesicle-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const databasePath = join(folder, 'hs.db');
  const clock = new ManualTimers();
  const before = await Accounts.open(t, { databasePath, clock });
  const alice = await before.register('alice');
  const { body } = await before.call(alice, 'POST', `${client}/createRoom`, {});
  const { users, userStore } = before.homeserver.services;
  const loginToken = users.loginTokens.create(alice.userId);
  userStore.addPendingDeactivation(alice.userId);
  await before.homeserver.close();
  clock.advance(30 * 86_400_000);
  const after = await Accounts.open(t, { databasePath, clock });
  await after.homeserver.idle();
  const { services } = after.homeserver;
  assert.equal(services.rooms.states.membership(alice.userId, body['room_id'] as RoomId)?.membership, 'leave');
  assert.deepEqual(services.userStore.pendingDeactivations(), []);
  assert.deepEqual(services.users.deviceStore.sightingsOf(alice.userId), []);
  assert.equal(services.users.tokens.consumeLoginToken(loginToken, 0), undefined);
  assert.equal((await after.call(alice, 'GET', `${client}/account/whoami`)).body['user_id'], alice.userId);
});

const ages: readonly (readonly [maxAge: number | null, left: number])[] = [
  [29 * 86_400_000, 0],
  [31 * 86_400_000, 1],
  [null, 1],
];
for (const [userIpsMaxAge, left] of ages) {
  test(`of where a user was seen, a restart after 30 days knows ${left} with user_ips_max_age ${String(userIpsMaxAge)}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vesicle-'));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    const options = {
      databasePath: join(folder, 'hs.db'),
      clock: new ManualTimers(),
      config: { userIpsMaxAge },
    };
    const before = await Accounts.open(t, options);
    const alice = await before.register('alice');
    await before.call(alice, 'GET', `${client}/account/whoami`);
    const sightings = ({ homeserver }: Accounts): number =>
      homeserver.services.users.deviceStore.sightingsOf(alice.userId).length;
    assert.equal(sightings(before), 1);
    await before.homeserver.close();
    options.clock.advance(30 * 86_400_000);
    assert.equal(sightings(await Accounts.open(t, options)), left);
  });
}

test('a module forbids a deactivation; an administrator reactivates', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const admin = await hs.registerAdmin();
  const calls = recordCallbacks(hs, 'third_party_rules', {
    check_can_deactivate_user: (_userId: string, byAdmin: boolean) => byAdmin,
    on_user_deactivation_status_changed: null,
  });
  const refused = await hs.confirmed(alice, 'POST', `${client}/account/deactivate`);
  assert.deepEqual(refused.body, { errcode: 'M_FORBIDDEN', error: 'Deactivation of this user is forbidden' });
  const closed = await hs.call(admin, 'POST', `/_synapse/admin/v1/deactivate/${alice.userId}`);
  assert.equal(closed.status, 200);
  const opened = await hs.call(admin, 'PUT', `/_synapse/admin/v2/users/${alice.userId}`, { deactivated: false });
  assert.equal(opened.body['deactivated'], false);
  assert.deepEqual(calls.slice(2), [
    ['on_user_deactivation_status_changed', alice.userId, true, true],
    ['on_user_deactivation_status_changed', alice.userId, false, true],
  ]);
});

async function proveAddress(hs: Accounts, path: string, who: Account | null): Promise<Body> {
  const request = { client_secret: 'secret', email: 'Alice@Example.org', send_attempt: 1 };
  const { body } = await hs.call(who, 'POST', path, request);
  const link = /https:\/\/hs\.test(\S+)/.exec(hs.outbox.at(-1)?.text ?? '')?.[1] ?? '';
  assert.equal((await hs.send('GET', link)).status, 200);
  return { client_secret: 'secret', sid: body['sid'] };
}

test('an address is added to an account after its owner followed the link of a mail', async (t) => {
  const hs = await Accounts.open(t, { config: { email } });
  const alice = await hs.register('alice');
  const calls: RecordedCall[] = [];
  recordCallbacks(hs, 'password_auth_provider', { is_3pid_allowed: true }, calls);
  recordCallbacks(
    hs,
    'third_party_rules',
    { on_add_user_third_party_identifier: null, on_threepid_bind: null, on_remove_user_third_party_identifier: null },
    calls,
  );
  const credentials = await proveAddress(hs, `${client}/account/3pid/email/requestToken`, alice);
  assert.deepEqual([hs.outbox[0]?.to, hs.outbox[0]?.subject], ['alice@example.org', '[hs.test] Validate your email']);
  const added = await hs.confirmed(alice, 'POST', `${client}/account/3pid/add`, credentials);
  assert.deepEqual([added.status, added.body], [200, {}]);
  const list = (await hs.call(alice, 'GET', `${client}/account/3pid`)).body['threepids'] as Body[];
  assert.deepEqual(
    list.map(({ medium, address }) => [medium, address]),
    [['email', 'alice@example.org']],
  );
  const removal = { medium: 'email', address: 'ALICE@example.org' };
  const removed = await hs.call(alice, 'POST', `${client}/account/3pid/delete`, removal);
  assert.deepEqual(removed.body, { id_server_unbind_result: 'no-support' });
  assert.deepEqual(calls, [
    ['is_3pid_allowed', 'email', 'alice@example.org', false],
    ['on_add_user_third_party_identifier', alice.userId, 'email', 'alice@example.org'],
    ['on_threepid_bind', alice.userId, 'email', 'alice@example.org'],
    ['on_remove_user_third_party_identifier', alice.userId, 'email', 'alice@example.org'],
  ]);
});

test('an address can be proved at registration, and later be used to set a new password', async (t) => {
  const hs = await Accounts.open(t, { config: { email, registrationsRequire3pid: ['email'] } });
  const register = `${client}/register`;
  const first = await hs.call(null, 'POST', register, { username: 'alice', password: 'old' });
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.email.identity'] }]);
  const credentials = await proveAddress(hs, `${register}/email/requestToken`, null);
  const auth = { type: 'm.login.email.identity', threepid_creds: credentials, session: first.body['session'] };
  const made = await hs.call(null, 'POST', register, { auth });
  assert.equal(made.body['user_id'], '@alice:hs.test');
  const known = await hs.call(null, 'POST', `${register}/email/requestToken`, {
    client_secret: 'other',
    email: 'alice@example.org',
    send_attempt: 1,
  });
  assert.deepEqual(known.body, { errcode: 'M_THREEPID_IN_USE', error: 'Email is already in use' });
  const reset = await proveAddress(hs, `${client}/account/password/email/requestToken`, null);
  const stage = { type: 'm.login.email.identity', threepid_creds: reset };
  const changed = await hs.call(null, 'POST', `${client}/account/password`, { new_password: 'new', auth: stage });
  assert.equal(changed.status, 200);
  assert.equal((await hs.logIn('alice', { password: 'new' })).userId, '@alice:hs.test');
});

const tokenRequests: readonly (readonly [path: string, error: string])[] = [
  ['/register/email/requestToken', 'Email-based registration has been disabled on this server'],
  ['/account/3pid/email/requestToken', 'Adding an email to your account is disabled on this server'],
  ['/account/password/email/requestToken', 'Email-based password resets have been disabled on this server'],
  ['/account/3pid/msisdn/requestToken', 'Adding phone numbers to user account is not supported by this homeserver'],
];

test('without a mail server no address can be proved', async (t) => {
  const hs = await Accounts.open(t);
  for (const [path, error] of tokenRequests) {
    const { status, body } = await hs.call(null, 'POST', client + path, {});
    assert.deepEqual([status, body['error']], [400, error]);
  }
});

test('a wrong link proves nothing', async (t) => {
  const hs = await Accounts.open(t, { config: { email } });
  const request = { client_secret: 'secret', email: 'a@b.c', send_attempt: 1 };
  const path = `${client}/register/email/requestToken`;
  const { sid } = (await hs.call(null, 'POST', path, request)).body;
  const again = await hs.call(null, 'POST', path, request);
  assert.equal(again.body['sid'], sid);
  assert.equal(hs.outbox.length, 1, 'one mail for each attempt');
  const submit = '/_matrix/client/unstable/registration/email/submit_token';
  const { status, text } = await hs.send('GET', `${submit}?sid=${String(sid)}&client_secret=secret&token=wrong`);
  assert.equal(status, 400);
  assert.match(text, /Validation token not found or has expired/);
  const unknown = await hs.send('GET', `${submit}?sid=none&client_secret=secret&token=wrong`);
  assert.match(unknown.text, /Unknown session_id/);
});
