import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import { PasswordConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { HostError } from '../../src/errors/host-error.js';
import { Codes } from '../../src/errors/matrix-codes.js';
import { tuple } from '../../src/matrix/tuple.js';
import { accountOf, Accounts, type Body } from '../support/accounts.js';
import { addAuthChecker, recordCallbacks, type RecordedCall } from '../support/callbacks.js';
import { ManualTimers } from '../support/manual-timers.js';

const path = '/_matrix/client/v3/login';
const whoami = '/_matrix/client/v3/account/whoami';
const password = 'm.login.password';

const identifiers: readonly (readonly [title: string, submission: Body])[] = [
  ['a localpart', { identifier: { type: 'm.id.user', user: 'alice' } }],
  ['a whole user ID', { identifier: { type: 'm.id.user', user: '@alice:hs.test' } }],
  ['a user ID in other letters', { identifier: { type: 'm.id.user', user: '@ALICE:hs.test' } }],
  ['the old form', { user: 'alice' }],
  ['an e-mail address', { identifier: { type: 'm.id.thirdparty', medium: 'email', address: ' Alice@Example.org' } }],
  ['the old form of an e-mail address', { medium: 'email', address: 'alice@example.org' }],
  ['a phone number', { identifier: { type: 'm.id.phone', country: 'GB', number: '07700 900123' } }],
];

test('a user is known by localpart, user ID, address and phone number', async (t) => {
  const hs = await Accounts.open(t);
  const { userId } = await hs.register('alice');
  const { threepids } = hs.homeserver.services.users;
  await threepids.add(userId, { medium: 'email', address: 'alice@example.org', validated_at: 1 });
  await threepids.add(userId, { medium: 'msisdn', address: '447700900123', validated_at: 1 });
  for (const [title, submission] of identifiers) {
    const { status, body } = await hs.call(null, 'POST', path, { type: password, password: 'alice', ...submission });
    assert.deepEqual([status, body['user_id']], [200, userId], title);
  }
});

const refusals: readonly (readonly [submission: Body, status: number, errcode: string, error: string])[] = [
  [{}, 400, 'M_UNKNOWN', 'Missing JSON keys.'],
  [{ type: 5 }, 400, 'M_INVALID_PARAM', 'Bad parameter: type'],
  [{ type: password }, 400, 'M_INVALID_PARAM', 'Bad parameter: password'],
  [{ type: password, password: 'x' }, 400, 'M_INVALID_PARAM', 'Invalid login submission'],
  [
    { type: password, password: 'x', identifier: { user: 'a' } },
    400,
    'M_MISSING_PARAM',
    "'identifier' dict has no key 'type'",
  ],
  [
    { type: password, password: 'x', identifier: { type: 'm.id.user' } },
    400,
    'M_UNKNOWN',
    "User identifier is missing 'user' key",
  ],
  [
    { type: password, password: 'x', identifier: { type: 'm.id.what' } },
    400,
    'M_UNKNOWN',
    'Unknown login identifier type',
  ],
  [
    { type: password, password: 'x', identifier: { type: 'm.id.phone' } },
    400,
    'M_INVALID_PARAM',
    'Invalid phone-type identifier',
  ],
  [
    { type: password, password: 'x', identifier: { type: 'm.id.phone', country: 'GB', phone: '07700900123' } },
    400,
    'M_UNKNOWN',
    'Missing JSON keys.',
  ],
  [
    { type: password, password: 'x', identifier: { type: 'm.id.phone', country: 'GB', number: 'none' } },
    400,
    'M_INVALID_PARAM',
    'Unable to parse phone number',
  ],
  [
    { type: password, password: 'x', medium: 'email', address: 'none' },
    400,
    'M_UNKNOWN',
    'Unable to parse email address',
  ],
  [
    { type: password, password: 'x', medium: 'email', address: 'a@b.c' },
    403,
    'M_FORBIDDEN',
    'Invalid username or password',
  ],
  [{ type: password, password: 'x', user: 'alice' }, 403, 'M_FORBIDDEN', 'Invalid username or password'],
  [{ type: password, password: 'x', user: 'nobody' }, 403, 'M_FORBIDDEN', 'Invalid username or password'],
  [{ type: 'org.unknown', user: 'alice' }, 400, 'M_UNKNOWN', 'Unknown login type org.unknown'],
  [{ type: 'm.login.token' }, 400, 'M_UNKNOWN', 'Missing JSON keys.'],
  [{ type: 'm.login.token', token: 'x' }, 403, 'M_FORBIDDEN', 'Invalid login token'],
  [{ type: 'm.login.application_service' }, 401, 'M_MISSING_TOKEN', 'Missing access token'],
  [
    { type: password, password: 'alice', user: 'alice', device_id: 'x'.repeat(513) },
    400,
    'M_INVALID_PARAM',
    'device_id cannot be longer than 512 characters.',
  ],
  [
    { type: password, password: 'alice', user: 'alice', initial_device_display_name: 'x'.repeat(101) },
    400,
    'M_TOO_LARGE',
    'Device display name is too long (max 100)',
  ],
];

test('logins that are refused', async (t) => {
  const hs = await Accounts.open(t);
  await hs.register('alice');
  for (const [submission, status, errcode, error] of refusals) {
    const answer = await hs.call(null, 'POST', path, submission);
    assert.deepEqual([answer.status, answer.body], [status, { errcode, error }], JSON.stringify(submission));
  }
});

test('accounts that may not log in', async (t) => {
  const hs = await Accounts.open(t);
  const { userStore } = hs.homeserver.services;
  const { userId } = await hs.register('alice');
  const submission = { type: password, password: 'alice', user: 'alice' };
  userStore.setFlag(userId, 'locked', true);
  const locked = await hs.call(null, 'POST', path, submission);
  assert.deepEqual(
    [locked.status, locked.body],
    [401, { errcode: 'M_USER_LOCKED', error: 'User account has been locked', soft_logout: true }],
  );
  userStore.setFlag(userId, 'locked', false);
  userStore.setFlag(userId, 'deactivated', true);
  const closed = await hs.call(null, 'POST', path, submission);
  assert.deepEqual([closed.status, closed.body['errcode']], [403, 'M_USER_DEACTIVATED']);
});

test('an existing device gets another token and keeps its name', async (t) => {
  const hs = await Accounts.open(t);
  await hs.register('alice', { device_id: 'PHONE', initial_device_display_name: 'phone' });
  const again = await hs.logIn('alice', { device_id: 'PHONE', initial_device_display_name: 'other' });
  assert.equal(again.deviceId, 'PHONE');
  const { body } = await hs.call(again, 'GET', '/_matrix/client/v3/devices/PHONE');
  assert.equal(body['display_name'], 'phone');
  assert.deepEqual([body['last_seen_ip'], typeof body['last_seen_ts']], ['127.0.0.1', 'number']);
});

test('the modules see a login in order: checkers, spam check, then the news of it', async (t) => {
  const hs = await Accounts.open(t);
  const { userId } = await hs.register('alice');
  const calls: RecordedCall[] = [];
  addAuthChecker(hs, password, ['password'], async (username: string, type: string, fields: unknown) => {
    calls.push(['checker', username, type, fields]);
    return tuple(userId, async (response: Record<string, unknown>) => {
      calls.push(['callback', Object.keys(response).sort()]);
      response['org.example'] = true;
    });
  });
  recordCallbacks(hs, 'spam_checker', { check_login_for_spam: NOT_SPAM }, calls);
  recordCallbacks(hs, 'account_validity', { on_user_login: null }, calls);
  const answer = await hs.call(null, 'POST', path, { type: password, user: 'ALICE', password: 'any', device_id: 'D' });
  assert.equal(answer.body['org.example'], true);
  assert.deepEqual(calls, [
    ['checker', 'ALICE', password, { password: 'any' }],
    ['check_login_for_spam', userId, 'D', null, [['test/1', '127.0.0.1']], null],
    ['on_user_login', userId, password, null],
    ['callback', ['access_token', 'device_id', 'home_server', 'user_id']],
  ]);
});

test('a spam checker refuses a login with its code and fields', async (t) => {
  const hs = await Accounts.open(t);
  await hs.register('alice');
  recordCallbacks(hs, 'spam_checker', { check_login_for_spam: tuple(Codes.LIMIT_EXCEEDED, { wait: 1 }) });
  const { status, body } = await hs.call(null, 'POST', path, { type: password, user: 'alice', password: 'alice' });
  const error = 'Login was blocked by the server';
  assert.deepEqual([status, body], [403, { errcode: 'M_LIMIT_EXCEEDED', error, wait: 1 }]);
});

test("a module's own login type needs its fields", async (t) => {
  const hs = await Accounts.open(t);
  const { userId } = await hs.register('alice');
  addAuthChecker(hs, 'org.example.key', ['key', 'seal'], async (_user: string, _type: string, fields: Body) =>
    fields['key'] === 'right' ? tuple(userId, null) : null,
  );
  const flows = (await hs.call(null, 'GET', path)).body['flows'] as { type: string }[];
  assert.deepEqual(
    flows.map((flow) => flow.type),
    [password, 'org.example.key', 'm.login.application_service'],
  );
  const submission = { type: 'org.example.key', user: 'alice' };
  const missing = await hs.call(null, 'POST', path, submission);
  const error = "Missing parameters for login type org.example.key: ['key', 'seal']";
  assert.deepEqual(missing.body, { errcode: 'M_UNKNOWN', error });
  assert.equal((await hs.call(null, 'POST', path, { ...submission, key: 'wrong', seal: 1 })).status, 403);
  assert.equal((await hs.call(null, 'POST', path, { ...submission, key: 'right', seal: 1 })).status, 200);
});

test('a checker may name a user who does not exist', async (t) => {
  const hs = await Accounts.open(t);
  addAuthChecker(hs, password, ['password'], async () => tuple('@ghost:hs.test', null));
  const { status, body } = await hs.call(null, 'POST', path, { type: password, user: 'x', password: 'x' });
  assert.deepEqual([status, body], [404, { errcode: 'M_UNKNOWN', error: 'No row found (users)' }]);
});

test('a KeyError of a module counts as a member that the client left out', async (t) => {
  const hs = await Accounts.open(t);
  await hs.register('alice');
  recordCallbacks(hs, 'account_validity', {
    on_user_login: () => {
      throw new HostError('KeyError', 'x');
    },
  });
  const { body } = await hs.call(null, 'POST', path, { type: password, user: 'alice', password: 'alice' });
  assert.equal(body['error'], 'Missing JSON keys.');
});

test('an address may be checked by a module that knows it', async (t) => {
  const hs = await Accounts.open(t);
  const { userId } = await hs.register('alice');
  const calls = recordCallbacks(hs, 'password_auth_provider', { check_3pid_auth: tuple(userId, null) });
  const submission = { type: password, password: 'pw', medium: 'email', address: 'Any@Where.org' };
  assert.equal((await hs.call(null, 'POST', path, submission)).body['user_id'], userId);
  assert.deepEqual(calls, [['check_3pid_auth', 'email', 'any@where.org', 'pw']]);
});

test('passwords can be switched off, or be for confirmation only', async (t) => {
  const off = await Accounts.open(t, { config: { passwordConfig: passwords({ enabled: false }) } });
  const submission = { type: password, password: 'x', user: 'alice' };
  assert.equal((await off.call(null, 'POST', path, submission)).body['error'], 'Password login has been disabled.');
  assert.deepEqual((await off.call(null, 'GET', path)).body['flows'], [{ type: 'm.login.application_service' }]);
  const reauth = await Accounts.open(t, { config: { passwordConfig: passwords({ enabled: 'only_for_reauth' }) } });
  const alice = await reauth.register('alice');
  assert.equal((await reauth.call(null, 'POST', path, submission)).body['error'], 'Password login has been disabled.');
  const deleted = await reauth.confirmed(alice, 'DELETE', `/_matrix/client/v3/devices/${alice.deviceId}`);
  assert.equal(deleted.status, 200);
});

function passwords(changes: { readonly enabled: PasswordConfig['enabled'] }): PasswordConfig {
  return Object.assign(new PasswordConfig(), changes);
}

test('a login token is good for one login and a short time', async (t) => {
  const clock = new ManualTimers();
  const hs = await Accounts.open(t, { clock });
  const { userId } = await hs.register('alice');
  const { loginTokens } = hs.homeserver.services.users;
  const calls = recordCallbacks(hs, 'account_validity', { on_user_login: null });
  const token = loginTokens.create(userId, { authProviderId: 'oidc-x' });
  const first = await hs.call(null, 'POST', path, { type: 'm.login.token', token });
  assert.equal(first.body['user_id'], userId);
  assert.deepEqual(calls, [['on_user_login', userId, 'm.login.token', 'oidc-x']]);
  assert.equal((await hs.call(null, 'POST', path, { type: 'm.login.token', token })).status, 403);
  const late = loginTokens.create(userId);
  clock.advance(120_001);
  assert.equal((await hs.call(null, 'POST', path, { type: 'm.login.token', token: late })).status, 403);
});

test('a refresh token is exchanged until what it was exchanged for is used', async (t) => {
  const clock = new ManualTimers();
  const hs = await Accounts.open(t, { clock });
  await hs.register('alice');
  const submission = { type: password, password: 'alice', user: 'alice', refresh_token: true };
  const login = await hs.call(null, 'POST', path, submission);
  assert.equal(login.body['expires_in_ms'], 300_000);
  const refresh = async (token: unknown): Promise<Body & { readonly status: number }> => {
    const answer = await hs.call(null, 'POST', '/_matrix/client/v3/refresh', { refresh_token: token });
    return { ...answer.body, status: answer.status };
  };
  const lost = await refresh(login.body['refresh_token']);
  const found = await refresh(login.body['refresh_token']);
  assert.equal(found.status, 200);
  assert.equal((await refresh(lost['refresh_token'])).status, 401);
  const device = { ...accountOf(login), token: String(found['access_token']) };
  assert.equal((await hs.call(device, 'GET', whoami)).status, 200);
  const spent = await refresh(login.body['refresh_token']);
  assert.deepEqual([spent.status, spent['error']], [403, "refresh token isn't valid anymore"]);
  clock.advance(300_001);
  const expired = await hs.call(device, 'GET', whoami);
  assert.deepEqual(expired.body, { errcode: 'M_UNKNOWN_TOKEN', error: 'Access token has expired', soft_logout: true });
  assert.equal((await refresh(found['refresh_token'])).status, 200);
  assert.equal((await refresh('syr_x_y_z'))['error'], 'invalid refresh token');
});

test('logging out ends the device, its tokens and its pushers, and tells the modules once for each token', async (t) => {
  const hs = await Accounts.open(t);
  const one = await hs.register('alice', { device_id: 'ONE' });
  const two = await hs.logIn('alice', { device_id: 'TWO' });
  const again = await hs.logIn('alice', { device_id: 'TWO' });
  const calls = recordCallbacks(hs, 'password_auth_provider', { on_logged_out: null });
  assert.equal((await hs.call(two, 'POST', '/_matrix/client/v3/logout')).status, 200);
  assert.deepEqual(calls, [
    ['on_logged_out', two.userId, 'TWO', two.token],
    ['on_logged_out', two.userId, 'TWO', again.token],
  ]);
  const { body } = await hs.call(again, 'GET', whoami);
  assert.deepEqual(body, { errcode: 'M_UNKNOWN_TOKEN', error: 'Invalid access token passed.', soft_logout: false });
  assert.equal((await hs.call(one, 'POST', '/_matrix/client/v3/logout/all')).status, 200);
  assert.equal((await hs.call(one, 'GET', whoami)).status, 401);
  assert.equal(calls.length, 3);
});
