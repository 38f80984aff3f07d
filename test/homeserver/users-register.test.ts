import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { RegistrationBehaviour } from '../../src/callbacks/spam-checker.js';
import {
  PasswordConfig,
  PasswordPolicyConfig,
  ServerNoticesConfig,
} from '../../src/config/homeserver/homeserver-sections.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import type { UserId } from '../../src/matrix/ids.js';
import { recordCallbacks, type RecordedCall } from '../support/callbacks.js';
import { type Account, accountOf, Accounts, type Answer } from '../support/accounts.js';

const path = '/_matrix/client/v3/register';
const dummy = { type: 'm.login.dummy' };

function register(hs: Accounts, body: unknown, query = ''): Promise<Answer> {
  return hs.call(null, 'POST', path + query, body);
}

test('a registration in one request logs a new device in', async (t) => {
  const hs = await Accounts.open(t);
  const { status, body } = await register(hs, { username: 'Alice', password: 'secret', auth: dummy, device_id: 'ONE' });
  assert.equal(status, 200);
  assert.equal(body['user_id'], '@alice:hs.test');
  assert.equal(body['home_server'], 'hs.test');
  assert.equal(body['device_id'], 'ONE');
  assert.match(String(body['access_token']), /^syt_YWxpY2U_[A-Za-z]{20}_[0-9A-Za-z]{6}$/);
  const profile = await hs.call(null, 'GET', '/_matrix/client/v3/profile/@alice:hs.test');
  assert.deepEqual(profile.body, { displayname: 'alice' });
});

test('a registration in two requests keeps what the first one said', async (t) => {
  const hs = await Accounts.open(t);
  const first = await register(hs, { username: 'bob', password: 'secret', inhibit_login: true });
  assert.equal(first.status, 401);
  assert.deepEqual(first.body['flows'], [{ stages: ['m.login.dummy'] }]);
  assert.deepEqual(first.body['params'], {});
  const auth = { ...dummy, session: first.body['session'] };
  const second = await register(hs, { auth });
  assert.deepEqual(second.body, { user_id: '@bob:hs.test', home_server: 'hs.test' });
  const again = await register(hs, { auth });
  assert.deepEqual(again.body, second.body, 'the finished session answers with the same account');
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'bob' }, password: 'secret' };
  assert.equal((await hs.call(null, 'POST', '/_matrix/client/v3/login', login)).status, 200);
});

test('a session belongs to one operation', async (t) => {
  const hs = await Accounts.open(t);
  const { body } = await register(hs, { username: 'bob', password: 'secret' });
  const elsewhere = await register(hs, { auth: { ...dummy, session: body['session'] } }, '?kind=user');
  assert.equal(elsewhere.status, 403);
  assert.equal(elsewhere.body['error'], 'Requested operation has changed during the UI authentication session.');
  const unknown = await register(hs, { username: 'bob', password: 'secret', auth: { ...dummy, session: 'none' } });
  assert.equal(unknown.status, 400);
  assert.equal(unknown.body['error'], 'Unknown session ID: none');
});

const names: readonly (readonly [username: string, errcode: string, error: string])[] = [
  ['a b', 'M_INVALID_USERNAME', "User ID can only contain characters a-z, 0-9, or '=_-./+'"],
  ['é', 'M_INVALID_USERNAME', "User ID can only contain characters a-z, 0-9, or '=_-./+'"],
  ['', 'M_INVALID_USERNAME', 'User ID cannot be empty'],
  ['_bridge', 'M_INVALID_USERNAME', 'User ID may not begin with _'],
  ['x'.repeat(250), 'M_INVALID_USERNAME', 'User ID may not be longer than 255 characters'],
  ['12345', 'M_INVALID_USERNAME', 'Numeric user IDs are reserved for guest users.'],
  ['TAKEN', 'M_USER_IN_USE', 'User ID already taken.'],
  ['notices', 'M_EXCLUSIVE', 'This user ID is reserved.'],
];

test('names that may not be registered', async (t) => {
  const serverNotices = Object.assign(new ServerNoticesConfig(), { systemMxidLocalpart: 'notices' });
  const hs = await Accounts.open(t, { config: { serverNotices } });
  await hs.register('taken');
  for (const [username, errcode, error] of names) {
    const { status, body } = await register(hs, { username, password: 'secret', auth: dummy });
    assert.deepEqual([status, body], [400, { errcode, error }], username);
  }
  const available = await hs.call(null, 'GET', `${path}/available?username=free`);
  assert.deepEqual(available.body, { available: true });
  const taken = await hs.call(null, 'GET', `${path}/available?username=taken`);
  assert.equal(taken.body['errcode'], 'M_USER_IN_USE');
});

test('bodies that are no registration', async (t) => {
  const hs = await Accounts.open(t);
  const rows: readonly (readonly [body: unknown, status: number, error: string])[] = [
    [{ username: 5 }, 400, 'Invalid username'],
    [{ username: 'x', password: 5 }, 400, 'Invalid password'],
    [{ username: 'x', password: 'y'.repeat(513) }, 400, 'Invalid password'],
    [{ username: 'x', auth: dummy }, 400, 'Missing params: password'],
    [{ username: 'x', password: 'y', refresh_token: 1 }, 400, '`refresh_token` should be true or false.'],
    [{ username: 'x', password: 'y', auth: { type: 'm.login.foo' } }, 400, 'Invalid login submission'],
  ];
  for (const [body, status, error] of rows) {
    const answer = await register(hs, body);
    assert.deepEqual([answer.status, answer.body['error']], [status, error]);
  }
});

test('guests come in only where they may', async (t) => {
  const closed = await Accounts.open(t);
  assert.equal((await register(closed, {}, '?kind=guest')).body['error'], 'Guest access is disabled');
  const hs = await Accounts.open(t, { config: { allowGuestAccess: true } });
  const answer = await register(hs, {}, '?kind=guest');
  const { body } = answer;
  assert.equal(body['device_id'], 'guest_device');
  assert.match(String(body['user_id']), /^@\d+:hs\.test$/);
  const guest: Account = accountOf({ ...answer, body });
  const whoami = await hs.call(guest, 'GET', '/_matrix/client/v3/account/whoami');
  assert.deepEqual(whoami.body, { user_id: guest.userId, is_guest: true, device_id: 'guest_device' });
  const refused = await hs.call(guest, 'GET', '/_matrix/client/v3/account/3pid');
  assert.deepEqual(refused.body, { errcode: 'M_GUEST_ACCESS_FORBIDDEN', error: 'Guest access not allowed' });
  const upgraded = await register(hs, {
    username: guest.userId.slice(1, guest.userId.indexOf(':')),
    password: 'secret',
    auth: dummy,
    guest_access_token: guest.token,
  });
  assert.equal(upgraded.body['user_id'], guest.userId);
  const afterwards = await hs.call(guest, 'GET', '/_matrix/client/v3/account/whoami');
  assert.equal(afterwards.body['error'], 'Guest access token used for regular user');
});

test('registration can be closed, and asks for a policy of passwords', async (t) => {
  const closed = await Accounts.open(t, { config: { enableRegistration: false } });
  const { body } = await register(closed, { username: 'x', password: 'y', auth: dummy });
  assert.deepEqual(body, { errcode: 'M_FORBIDDEN', error: 'Registration has been disabled' });
  const policy = Object.assign(new PasswordPolicyConfig(), {
    enabled: true,
    minimumLength: 6,
    requireDigit: true,
    requireSymbol: true,
    requireUppercase: true,
    requireLowercase: true,
  });
  const passwordConfig = Object.assign(new PasswordConfig(), { pepper: 'p', policy });
  const hs = await Accounts.open(t, { config: { passwordConfig } });
  const rows = [
    ['short', 'M_PASSWORD_TOO_SHORT'],
    ['longenough', 'M_PASSWORD_NO_DIGIT'],
    ['longenough1', 'M_PASSWORD_NO_SYMBOL'],
    ['longenough1!', 'M_PASSWORD_NO_UPPERCASE'],
    ['LONGENOUGH1!', 'M_PASSWORD_NO_LOWERCASE'],
  ];
  for (const [password, errcode] of rows) {
    const answer = await register(hs, { username: 'x', password, auth: dummy });
    assert.deepEqual([answer.status, answer.body['errcode']], [400, errcode]);
  }
  assert.equal((await register(hs, { username: 'x', password: 'LongEnough1!', auth: dummy })).status, 200);
  const shown = await hs.call(null, 'GET', '/_matrix/client/v3/password_policy');
  assert.equal(shown.body['m.minimum_length'], 6);
});

async function withSecret(t: TestContext): Promise<Accounts> {
  return Accounts.open(t, { config: { registrationSharedSecret: 'hush', enableRegistration: false } });
}

test('whoever knows the shared secret registers users of any kind', async (t) => {
  const hs = await withSecret(t);
  const admin = '/_synapse/admin/v1/register';
  const sign = (...parts: string[]): string => createHmac('sha1', 'hush').update(parts.join('\0')).digest('hex');
  const nonce = String((await hs.call(null, 'GET', admin)).body['nonce']);
  const body = { nonce, username: 'Root', password: 'pw', admin: true, user_type: 'bot', displayname: 'R' };
  const wrong = await hs.call(null, 'POST', admin, { ...body, mac: sign(nonce, 'Root', 'pw', 'admin') });
  assert.deepEqual([wrong.status, wrong.body['error']], [403, 'HMAC incorrect']);
  const used = await hs.call(null, 'POST', admin, body);
  assert.deepEqual([used.status, used.body['error']], [400, 'unrecognised nonce']);
  const next = String((await hs.call(null, 'GET', admin)).body['nonce']);
  const mac = sign(next, 'Root', 'pw', 'admin', 'bot');
  const made = await hs.call(null, 'POST', admin, { ...body, nonce: next, mac });
  assert.equal(made.body['user_id'], '@root:hs.test');
  const root = accountOf(made);
  const shown = (await hs.call(root, 'GET', '/_synapse/admin/v2/users/@root:hs.test')).body;
  assert.deepEqual([shown['admin'], shown['user_type'], shown['displayname']], [true, 'bot', 'R']);
});

test('the callbacks of a registration, in their order and with what they get', async (t) => {
  const hs = await Accounts.open(t);
  const calls: RecordedCall[] = [];
  recordCallbacks(
    hs,
    'password_auth_provider',
    { get_username_for_registration: 'Chosen', get_displayname_for_registration: 'Some Name' },
    calls,
  );
  const allow = { check_registration_for_spam: RegistrationBehaviour.ALLOW };
  recordCallbacks(hs, 'spam_checker', { ...allow, check_login_for_spam: false }, calls);
  recordCallbacks(hs, 'account_validity', { on_user_registration: null, on_user_login: null }, calls);
  recordCallbacks(hs, 'third_party_rules', { on_profile_update: null }, calls);
  const body = { username: 'wish', password: 'pw', auth: dummy, initial_device_display_name: 'd', 'org.x': 1 };
  assert.equal((await register(hs, body)).body['user_id'], '@chosen:hs.test');
  const params = { username: 'wish', initial_device_display_name: 'd', 'org.x': 1 };
  assert.deepEqual(calls, [
    ['get_username_for_registration', { 'm.login.dummy': true }, params],
    ['get_displayname_for_registration', { 'm.login.dummy': true }, params],
    ['check_registration_for_spam', null, 'chosen', [['test/1', '127.0.0.1']], null],
    ['on_user_registration', '@chosen:hs.test'],
  ]);
});

test('a module denies a registration, or bans the new user from being heard', async (t) => {
  const hs = await Accounts.open(t);
  recordCallbacks(hs, 'spam_checker', {
    check_registration_for_spam: (_threepid: unknown, name: string) =>
      name === 'bad' ? RegistrationBehaviour.DENY : RegistrationBehaviour.SHADOW_BAN,
  });
  const denied = await register(hs, { username: 'bad', password: 'pw', auth: dummy });
  assert.deepEqual([denied.status, denied.body], [429, { errcode: 'M_UNKNOWN', error: 'Rate limited' }]);
  assert.equal((await register(hs, { username: 'loud', password: 'pw', auth: dummy })).status, 200);
  assert.equal(hs.homeserver.services.userStore.find('@loud:hs.test' as UserId)?.isShadowBanned, true);
});

test('a throw after the account is stored fails the request and leaves the account', async (t) => {
  const hs = await Accounts.open(t);
  recordCallbacks(hs, 'account_validity', {
    on_user_registration: () => {
      throw new SynapseError(418, 'teapot');
    },
  });
  const body = { username: 'half', password: 'pw', auth: dummy };
  assert.equal((await register(hs, body)).status, 418);
  assert.equal((await register(hs, body)).body['errcode'], 'M_USER_IN_USE');
});

test('a module that answers with a bad name makes the registration fail', async (t) => {
  const hs = await Accounts.open(t);
  recordCallbacks(hs, 'password_auth_provider', { get_username_for_registration: 'not valid!' });
  const { body } = await register(hs, { username: 'fine', password: 'pw', auth: dummy });
  assert.equal(body['errcode'], 'M_INVALID_USERNAME');
});
