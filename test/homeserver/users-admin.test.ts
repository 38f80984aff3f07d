import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts, type Body } from '../support/accounts.js';
import { recordCallbacks, type RecordedCall } from '../support/callbacks.js';

const admin2 = '/_synapse/admin/v2/users';
const admin1 = '/_synapse/admin/v1';

test('only administrators look at accounts', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const { status, body } = await hs.call(alice, 'GET', `${admin2}/${alice.userId}`);
  assert.deepEqual([status, body], [403, { errcode: 'M_FORBIDDEN', error: 'You are not a server admin' }]);
  assert.equal((await hs.call(null, 'GET', `${admin2}/${alice.userId}`)).status, 401);
});

test('an administrator makes an account with everything that belongs to it', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const calls: RecordedCall[] = [];
  recordCallbacks(hs, 'account_validity', { on_user_registration: null, is_user_expired: null }, calls);
  recordCallbacks(
    hs,
    'third_party_rules',
    { on_add_user_third_party_identifier: null, on_threepid_bind: null, on_profile_update: null },
    calls,
  );
  const wish = {
    displayname: 'New',
    password: 'new',
    avatar_url: 'mxc://hs.test/a',
    user_type: 'bot',
    threepids: [{ medium: 'email', address: 'New@b.c' }],
    external_ids: [{ auth_provider: 'p', external_id: 'e' }],
  };
  const made = await hs.call(admin, 'PUT', `${admin2}/@new:hs.test`, wish);
  assert.equal(made.status, 201);
  const { name, displayname, avatar_url: avatarUrl, user_type: userType, external_ids: externalIds } = made.body;
  assert.deepEqual(
    [name, displayname, avatarUrl, userType, externalIds],
    ['@new:hs.test', 'New', 'mxc://hs.test/a', 'bot', [{ auth_provider: 'p', external_id: 'e' }]],
  );
  const profile = { displayName: 'New', avatarUrl: 'mxc://hs.test/a' };
  assert.deepEqual(calls, [
    ['is_user_expired', admin.userId],
    ['on_user_registration', '@new:hs.test'],
    ['on_add_user_third_party_identifier', '@new:hs.test', 'email', 'new@b.c'],
    ['on_threepid_bind', '@new:hs.test', 'email', 'new@b.c'],
    ['on_profile_update', '@new:hs.test', profile, true, false],
  ]);
  assert.equal((await hs.logIn('new')).userId, '@new:hs.test');
  const byId = await hs.call(admin, 'GET', `${admin1}/auth_providers/p/users/e`);
  assert.deepEqual(byId.body, { user_id: '@new:hs.test' });
  const byMail = await hs.call(admin, 'GET', `${admin1}/threepid/email/users/new@b.c`);
  assert.deepEqual(byMail.body, { user_id: '@new:hs.test' });
});

test('an administrator changes an account', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const alice = await hs.register('alice');
  const put = (body: Body): ReturnType<Accounts['call']> => hs.call(admin, 'PUT', `${admin2}/${alice.userId}`, body);
  await put({ threepids: [{ medium: 'email', address: 'a@b.c' }] });
  await put({ threepids: [{ medium: 'msisdn', address: '447' }] });
  const { body } = await put({ admin: true, locked: true, password: 'other', logout_devices: false });
  assert.deepEqual(
    [body['admin'], body['locked'], (body['threepids'] as Body[]).map((threepid) => threepid['address'])],
    [true, true, ['447']],
  );
  const unlocked = await put({ locked: false, deactivated: true });
  assert.equal(unlocked.body['deactivated'], true);
  assert.equal(
    (await put({ deactivated: true, locked: true })).body['error'],
    "An user can't be deactivated and locked",
  );
});

const wrongBodies: readonly (readonly [body: Body, status: number, error: string])[] = [
  [{ displayname: 5 }, 400, "'displayname' must be a string"],
  [{ admin: 5 }, 400, "Param 'admin' must be a boolean, if given"],
  [{ password: 5 }, 400, 'Invalid password'],
  [{ user_type: 'x' }, 400, 'Invalid user type'],
  [{ logout_devices: 5 }, 400, "'logout_devices' parameter is not of type boolean"],
  [{ deactivated: 5 }, 400, "'deactivated' parameter is not of type boolean"],
  [{ locked: 5 }, 400, "'locked' parameter is not of type boolean"],
  [{ threepids: [{ medium: 'email' }] }, 400, "Missing params: ['address']"],
  [{ threepids: [{ medium: 'x', address: 'y' }] }, 400, "'x' is not a valid value for 'medium'"],
  [{ external_ids: [5] }, 400, "Missing params: ['auth_provider', 'external_id']"],
  [{ external_ids: [{ auth_provider: 'p', external_id: 'taken' }] }, 409, 'External id is already in use.'],
];

test('changes of an account that are refused', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const alice = await hs.register('alice');
  hs.homeserver.services.userStore.addExternalId('p', 'taken', admin.userId);
  for (const [body, status, error] of wrongBodies) {
    const answer = await hs.call(admin, 'PUT', `${admin2}/${alice.userId}`, body);
    assert.deepEqual([answer.status, answer.body['error']], [status, error]);
  }
  const demotion = await hs.call(admin, 'PUT', `${admin2}/${admin.userId}`, { admin: false });
  assert.equal(demotion.body['error'], 'You may not demote yourself.');
  const foreign = await hs.call(admin, 'PUT', `${admin2}/@x:other.test`, {});
  assert.equal(foreign.body['error'], 'This endpoint can only be used with local users');
});

test('the list of accounts is filtered, ordered and paged', async (t) => {
  const hs = await Accounts.open(t, { config: { allowGuestAccess: true } });
  const admin = await hs.registerAdmin();
  const [bob] = await Promise.all(['bob', 'carol', 'dave'].map((name) => hs.register(name)));
  assert.ok(bob);
  await hs.call(null, 'POST', '/_matrix/client/v3/register?kind=guest', {});
  await hs.call(admin, 'PUT', `${admin2}/@carol:hs.test`, { user_type: 'bot' });
  await hs.call(admin, 'PUT', `${admin2}/@dave:hs.test`, { deactivated: true });
  const list = async (query: string, version = 'v2'): Promise<Body> =>
    (await hs.call(admin, 'GET', `/_synapse/admin/${version}/users?${query}`)).body;
  const names = async (query: string, version?: string): Promise<readonly unknown[]> =>
    ((await list(query, version))['users'] as Body[]).map((user) => String(user['name']).replace(/:.*/, ''));
  assert.deepEqual(await names('guests=false'), ['@admin', '@bob', '@carol']);
  assert.deepEqual(await names('deactivated=true&guests=false'), ['@admin', '@bob', '@carol', '@dave']);
  assert.deepEqual(await names('deactivated=true', 'v3'), ['@dave']);
  assert.deepEqual(await names('name=ARO'), ['@carol']);
  assert.deepEqual(await names('user_id=bob'), ['@bob']);
  assert.deepEqual(await names('admins=true'), ['@admin']);
  assert.deepEqual(await names('not_user_type=bot&guests=false'), ['@admin', '@bob']);
  assert.deepEqual(await names('not_user_type='), ['@carol']);
  const page = await list('guests=false&limit=2&order_by=name&dir=b');
  assert.deepEqual([page['total'], page['next_token']], [3, '2']);
  assert.deepEqual(await names('guests=false&limit=2&from=2&order_by=name&dir=b'), ['@admin']);
  assert.equal((await list('order_by=password'))['errcode'], 'M_INVALID_PARAM');
});

test('devices, rate limits, bans and passwords of a user', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const bob = await hs.register('bob', { device_id: 'ONE' });
  const devices = `${admin2}/${bob.userId}/devices`;
  assert.equal((await hs.call(admin, 'POST', devices, { device_id: 'TWO' })).status, 201);
  await hs.call(admin, 'PUT', `${devices}/TWO`, { display_name: 'two' });
  assert.equal((await hs.call(admin, 'GET', `${devices}/TWO`)).body['display_name'], 'two');
  assert.equal((await hs.call(admin, 'GET', devices)).body['total'], 2);
  const calls = recordCallbacks(hs, 'password_auth_provider', { on_logged_out: null });
  await hs.call(admin, 'DELETE', `${devices}/ONE`);
  assert.deepEqual(calls, [['on_logged_out', bob.userId, 'ONE', bob.token]]);
  await hs.call(admin, 'POST', `${admin2}/${bob.userId}/delete_devices`, { devices: ['TWO'] });
  assert.equal((await hs.call(admin, 'GET', devices)).body['total'], 0);

  const limit = `${admin1}/users/${bob.userId}/override_ratelimit`;
  assert.deepEqual((await hs.call(admin, 'GET', limit)).body, {});
  const set = await hs.call(admin, 'POST', limit, { messages_per_second: 1, burst_count: 2 });
  assert.deepEqual(set.body, { messages_per_second: 1, burst_count: 2 });
  assert.equal(
    (await hs.call(admin, 'POST', limit, { burst_count: 'x' })).body['error'],
    "'x' parameter must be a positive int",
  );
  await hs.call(admin, 'DELETE', limit);
  assert.deepEqual((await hs.call(admin, 'GET', limit)).body, {});

  const { userStore } = hs.homeserver.services;
  const flags = (): readonly unknown[] => {
    const user = userStore.find(bob.userId);
    return [user?.isShadowBanned, user?.isSuspended, user?.isAdmin];
  };
  await hs.call(admin, 'POST', `${admin1}/users/${bob.userId}/shadow_ban`);
  await hs.call(admin, 'PUT', `${admin1}/suspend/${bob.userId}`, { suspend: true });
  await hs.call(admin, 'PUT', `${admin1}/users/${bob.userId}/admin`, { admin: true });
  assert.deepEqual(flags(), [true, true, true]);
  await hs.call(admin, 'DELETE', `${admin1}/users/${bob.userId}/shadow_ban`);
  assert.deepEqual(flags(), [false, true, true]);
  await hs.call(admin, 'POST', `${admin1}/reset_password/${bob.userId}`, { new_password: 'reset' });
  assert.equal((await hs.logIn('bob', { password: 'reset' })).userId, bob.userId);
});

test('what an administrator can look up of a user', async (t) => {
  const hs = await Accounts.open(t);
  const admin = await hs.registerAdmin();
  const bob = await hs.register('bob');
  const { body } = await hs.call(bob, 'POST', '/_matrix/client/v3/createRoom', {});
  await hs.call(bob, 'PUT', `/_matrix/client/v3/user/${bob.userId}/account_data/org.x`, { a: 1 });
  const get = async (path: string): Promise<Body> => (await hs.call(admin, 'GET', admin1 + path)).body;
  const room = String(body['room_id']);
  assert.deepEqual(await get(`/users/${bob.userId}/joined_rooms`), { joined_rooms: [room], total: 1 });
  assert.deepEqual(await get(`/users/${bob.userId}/memberships`), { memberships: { [room]: 'join' } });
  assert.deepEqual(await get(`/users/${bob.userId}/accountdata`), {
    account_data: { global: { 'org.x': { a: 1 } }, rooms: {} },
  });
  assert.deepEqual(await get(`/users/${bob.userId}/pushers`), { pushers: [], total: 0 });
  const devices = (await get(`/whois/${bob.userId}`))['devices'] as Record<
    string,
    { sessions: { connections: Body[] }[] }
  >;
  assert.equal(devices['']?.sessions[0]?.connections[0]?.['user_agent'], 'test/1');
  assert.equal((await get('/username_available?username=bob'))['errcode'], 'M_USER_IN_USE');
  assert.match(String((await get('/server_version'))['server_version']), /^1\.163/);
});
