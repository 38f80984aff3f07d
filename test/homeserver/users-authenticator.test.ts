import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostError } from '../../src/errors/host-error.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import type { UserId } from '../../src/matrix/ids.js';
import { Accounts, type Body } from '../support/accounts.js';
import { recordCallbacks } from '../support/callbacks.js';
import { ManualTimers } from '../support/manual-timers.js';

const whoami = '/_matrix/client/v3/account/whoami';

const credentials: readonly (readonly [
  path: string,
  authorization: string | undefined,
  errcode: string,
  error: string,
])[] = [
  [whoami, undefined, 'M_MISSING_TOKEN', 'Missing access token'],
  [whoami, 'Basic abc', 'M_MISSING_TOKEN', 'Invalid Authorization header.'],
  [whoami, 'Bearer', 'M_MISSING_TOKEN', 'Invalid Authorization header.'],
  [whoami, 'Bearer a b', 'M_MISSING_TOKEN', 'Invalid Authorization header.'],
  [
    `${whoami}?access_token=a`,
    'Bearer a',
    'M_MISSING_TOKEN',
    'Mixing Authorization headers and access_token query parameters.',
  ],
  [whoami, 'Bearer a', 'M_UNKNOWN_TOKEN', 'Invalid access token passed.'],
  [`${whoami}?access_token=a`, undefined, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.'],
  [`${whoami}?access_token=`, undefined, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.'],
];

test('requests whose sender nobody knows', async (t) => {
  const hs = await Accounts.open(t);
  for (const [path, authorization, errcode, error] of credentials) {
    const init = authorization === undefined ? {} : { headers: { authorization } };
    const { status, body } = await hs.send('GET', path, init);
    const softLogout: Body = errcode === 'M_UNKNOWN_TOKEN' ? { soft_logout: false } : {};
    assert.deepEqual([status, body], [401, { errcode, error, ...softLogout }], `${path} ${String(authorization)}`);
  }
});

test('the token may stand in the query', async (t) => {
  const hs = await Accounts.open(t);
  const { userId, token, deviceId } = await hs.register('alice');
  const { body } = await hs.send('GET', `${whoami}?access_token=${token}`);
  assert.deepEqual(body, { user_id: userId, is_guest: false, device_id: deviceId });
});

test('a locked user may log out and do nothing else', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  hs.homeserver.services.userStore.setFlag(alice.userId, 'locked', true);
  const { status, body } = await hs.call(alice, 'GET', whoami);
  const error = 'User account has been locked';
  assert.deepEqual([status, body], [401, { errcode: 'M_USER_LOCKED', error, soft_logout: true }]);
  assert.equal((await hs.call(alice, 'POST', '/_matrix/client/v3/logout')).status, 200);
});

test('an expired user is refused, but may log out and ask for a mail', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const calls = recordCallbacks(hs, 'account_validity', { is_user_expired: true, on_legacy_send_mail: null });
  const { status, body } = await hs.call(alice, 'GET', whoami);
  const error = 'User account has expired';
  assert.deepEqual([status, body], [403, { errcode: 'ORG_MATRIX_EXPIRED_ACCOUNT', error }]);
  const mail = await hs.call(alice, 'POST', '/_matrix/client/unstable/account_validity/send_mail', {});
  assert.deepEqual([mail.status, mail.body], [200, {}]);
  assert.equal((await hs.call(alice, 'POST', '/_matrix/client/v3/logout')).status, 200);
  assert.deepEqual(calls, [
    ['is_user_expired', alice.userId],
    ['on_legacy_send_mail', alice.userId],
  ]);
});

const throws: readonly (readonly [thrown: Error, status: number, errcode: string])[] = [
  [new SynapseError(418, 'teapot', 'ORG_TEAPOT'), 418, 'ORG_TEAPOT'],
  [new HostError('KeyError', 'x'), 401, 'M_MISSING_TOKEN'],
  [new Error('boom'), 500, 'M_UNKNOWN'],
];

test('what a throw of is_user_expired becomes', async (t) => {
  for (const [thrown, status, errcode] of throws) {
    const hs = await Accounts.open(t);
    const alice = await hs.register('alice');
    recordCallbacks(hs, 'account_validity', {
      is_user_expired: () => {
        throw thrown;
      },
    });
    const answer = await hs.call(alice, 'GET', whoami);
    assert.deepEqual([answer.status, answer.body['errcode']], [status, errcode]);
  }
});

test('the token of a user that does not exist is unknown', async (t) => {
  const hs = await Accounts.open(t);
  const { accessToken, deviceId } = hs.homeserver.services.users.devices.logIn('@ghost:hs.test' as UserId, {});
  const ghost = { userId: '@ghost:hs.test' as UserId, token: accessToken, deviceId };
  assert.equal((await hs.call(ghost, 'GET', whoami)).body['errcode'], 'M_UNKNOWN_TOKEN');
});

test('address and user agent of a user are noted every two minutes', async (t) => {
  const clock = new ManualTimers();
  const hs = await Accounts.open(t, { clock });
  const alice = await hs.register('alice');
  const { deviceStore } = hs.homeserver.services.users;
  const seen = (): readonly (readonly [string, string, number])[] =>
    deviceStore.sightingsOf(alice.userId).map(({ ip, userAgent, lastSeen }) => [ip, userAgent, lastSeen]);
  await hs.call(alice, 'GET', whoami);
  clock.advance(119_999);
  await hs.call(alice, 'GET', whoami);
  assert.deepEqual(seen(), [['127.0.0.1', 'test/1', 0]]);
  clock.advance(1);
  await hs.call(alice, 'GET', whoami);
  assert.deepEqual(seen(), [['127.0.0.1', 'test/1', 120_000]]);
});

test('an administrator who acts for a user is the user, and seen as themselves', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const admin = await hs.registerAdmin();
  const login = await hs.call(admin, 'POST', `/_synapse/admin/v1/users/${alice.userId}/login`);
  const puppet = { ...alice, token: String(login.body['access_token']) };
  assert.deepEqual((await hs.call(puppet, 'GET', whoami)).body, { user_id: alice.userId, is_guest: false });
  const requester = hs.homeserver.services.users.authenticator.requesterOfToken(puppet.token);
  assert.deepEqual([requester.userId, requester.authenticatedEntity], [alice.userId, admin.userId]);
  const { deviceStore } = hs.homeserver.services.users;
  assert.equal(deviceStore.sightingsOf(alice.userId).length, 0);
  const calls = recordCallbacks(hs, 'password_auth_provider', { on_logged_out: null });
  await hs.call(puppet, 'POST', '/_matrix/client/v3/logout');
  assert.deepEqual(calls, [['on_logged_out', alice.userId, null, puppet.token]]);
});

test('a token is looked up without touching the database twice', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const { authenticator } = hs.homeserver.services.users;
  const request = { authorization: `Bearer ${alice.token}`, ip: '127.0.0.1', userAgent: null };
  await authenticator.requester(request);
  const { database } = hs.homeserver.context;
  const get = t.mock.method(database, 'get');
  await authenticator.requester(request);
  assert.equal(get.mock.callCount(), 0);
});
