import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const tokens = '/_synapse/admin/v1/registration_tokens';

/** A server whose registrations need a token, and an administrator made without one. */
async function open(t: TestContext): Promise<{ readonly world: RoomWorld; readonly admin: TestUser }> {
  const config = { registrationRequiresToken: true };
  const world = await RoomWorld.open(t, { config });
  const { users } = world.hs.homeserver.services;
  const userId = await users.registration.register({ localpart: 'admin' });
  world.hs.homeserver.services.userStore.setFlag(userId, 'admin', true);
  const { accessToken, deviceId } = users.devices.logIn(userId, { deviceId: null, displayName: null });
  return { world, admin: { userId, token: accessToken, deviceId } };
}

const register = (world: RoomWorld, body: object): Promise<TestAnswer> =>
  world.request(undefined, 'POST', '/register', body);

async function begin(world: RoomWorld, username: string): Promise<string> {
  const first = await register(world, { username, password: 'secret' });
  assert.deepEqual(first.at('flows'), [{ stages: ['m.login.registration_token', 'm.login.dummy'] }]);
  return first.textAt('session');
}

const show = (world: RoomWorld, session: string, token: unknown): Promise<TestAnswer> =>
  register(world, { auth: { type: 'm.login.registration_token', session, token } });

const finish = (world: RoomWorld, session: string): Promise<TestAnswer> =>
  register(world, { auth: { type: 'm.login.dummy', session } });

test('a token lets as many people register as it says', async (t) => {
  const { world, admin } = await open(t);
  await world.done(admin, 'POST', `${tokens}/new`, { token: 'once', uses_allowed: 1 });
  const session = await begin(world, 'alice');
  const shown = await show(world, session, 'once');
  assert.deepEqual([shown.status, shown.at('completed')], [401, ['m.login.registration_token']]);
  assert.deepEqual((await world.get(admin, `${tokens}/once`)).body, {
    token: 'once',
    uses_allowed: 1,
    pending: 1,
    completed: 0,
    expiry_time: null,
  });
  const late = await show(world, await begin(world, 'bob'), 'once');
  assert.deepEqual(
    [late.status, late.at('errcode'), late.at('error')],
    [401, 'M_UNAUTHORIZED', 'Invalid registration token'],
  );
  assert.equal((await finish(world, session)).status, 200);
  const { pending, completed } = (await world.get(admin, `${tokens}/once`)).body as Record<string, unknown>;
  assert.deepEqual([pending, completed], [0, 1]);
  assert.equal((await finish(world, session)).status, 200, 'the same answer again');
  assert.equal((await world.get(admin, `${tokens}/once`)).at('completed'), 1);
});

test('a session keeps the token that it was shown first', async (t) => {
  const { world, admin } = await open(t);
  for (const token of ['one', 'two']) await world.done(admin, 'POST', `${tokens}/new`, { token });
  const session = await begin(world, 'alice');
  await show(world, session, 'one');
  assert.equal((await show(world, session, 'two')).at('error'), 'Registration token has changed');
  assert.equal((await show(world, session, 7)).at('error'), 'Registration token must be a string');
  assert.equal((await show(world, session, undefined)).at('error'), 'Missing registration token');
  const withoutSession = await register(world, { auth: { type: 'm.login.registration_token', token: 'one' } });
  assert.equal(withoutSession.at('error'), 'Missing UIA session');
});

test('administrators list, change and delete tokens', async (t) => {
  const { world, admin } = await open(t);
  const made = await world.done(admin, 'POST', `${tokens}/new`, { length: 5 });
  assert.match(made.textAt('token'), /^[A-Za-z0-9._~-]{5}$/);
  await world.done(admin, 'POST', `${tokens}/new`, { token: 'none', uses_allowed: 0 });
  const listed = async (query: string): Promise<unknown[]> =>
    (await world.get(admin, tokens + query)).listAt('registration_tokens').map(({ token }) => token);
  assert.deepEqual(await listed(''), [made.textAt('token'), 'none']);
  assert.deepEqual(await listed('?valid=true'), [made.textAt('token')]);
  assert.deepEqual(await listed('?valid=false'), ['none']);
  const changed = await world.done(admin, 'PUT', `${tokens}/none`, { uses_allowed: null, expiry_time: 4781243146000 });
  assert.deepEqual([changed.at('uses_allowed'), changed.at('expiry_time')], [null, 4781243146000]);
  assert.deepEqual((await world.request(admin, 'DELETE', `${tokens}/none`)).body, {});
  for (const method of ['GET', 'DELETE']) {
    const gone = await world.request(admin, method, `${tokens}/none`);
    assert.deepEqual([gone.status, gone.at('error')], [404, 'No such registration token: none'], method);
  }
});

test('tokens that make no sense are refused', async (t) => {
  const { world, admin } = await open(t);
  await world.done(admin, 'POST', `${tokens}/new`, { token: 'here' });
  const cases: readonly (readonly [object, string])[] = [
    [{ token: 7 }, 'token must be a string'],
    [{ token: '' }, 'token must not be empty and must not be longer than 64 characters'],
    [{ token: 'a b' }, 'token must consist only of characters matched by the regex [A-Za-z0-9-_]'],
    [{ token: 'here' }, 'Token already exists: here'],
    [{ length: '3' }, 'length must be an integer'],
    [{ length: 65 }, 'length must be greater than zero and not greater than 64'],
    [{ uses_allowed: -1 }, 'uses_allowed must be a non-negative integer or null'],
    [{ expiry_time: 'x' }, 'expiry_time must be an integer or null'],
    [{ expiry_time: 1 }, 'expiry_time must not be in the past'],
  ];
  for (const [body, error] of cases) {
    const refused = await world.request(admin, 'POST', `${tokens}/new`, body);
    assert.deepEqual([refused.status, refused.at('errcode'), refused.at('error')], [400, 'M_INVALID_PARAM', error]);
  }
});

test('clients may ask whether a token is valid', async (t) => {
  const { world, admin } = await open(t);
  await world.done(admin, 'POST', `${tokens}/new`, { token: 'good' });
  const path = '/_matrix/client/v1/register/m.login.registration_token/validity';
  assert.deepEqual((await world.get(undefined, `${path}?token=good`)).body, { valid: true });
  assert.deepEqual((await world.get(undefined, `${path}?token=bad`)).body, { valid: false });
});
