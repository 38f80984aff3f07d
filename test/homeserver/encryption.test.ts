import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EmbeddedHomeserver, type TestAnswer, type TestUser } from '../support/embedded-homeserver.js';

const client = '/_matrix/client/v3';

async function open(t: TestContext): Promise<{
  readonly hs: EmbeddedHomeserver;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly post: (user: TestUser, path: string, body: unknown) => Promise<TestAnswer>;
}> {
  const hs = await EmbeddedHomeserver.open(t);
  return {
    hs,
    alice: await hs.register('alice', { initial_device_display_name: 'Phone' }),
    bob: await hs.register('bob'),
    post: (user, path, body) => hs.request(user, 'POST', `${client}/keys/${path}`, body),
  };
}

function deviceKeys(user: TestUser): Record<string, unknown> {
  return {
    user_id: user.userId,
    device_id: user.deviceId,
    algorithms: ['m.olm.v1.curve25519-aes-sha2'],
    keys: { [`ed25519:${user.deviceId}`]: 'key' },
    signatures: { [user.userId]: { [`ed25519:${user.deviceId}`]: 'signature' } },
  };
}

test('device keys are handed out as they came, with the name of the device', async (t) => {
  const { alice, bob, post } = await open(t);
  await post(alice, 'upload', { device_keys: deviceKeys(alice) });
  const all = await post(bob, 'query', { device_keys: { [alice.userId]: [], '@other:else.test': [] } });
  assert.deepEqual(all.at('device_keys'), {
    [alice.userId]: { [alice.deviceId]: { ...deviceKeys(alice), unsigned: { device_display_name: 'Phone' } } },
  });
  const none = await post(bob, 'query', { device_keys: { [alice.userId]: ['OTHER'] } });
  assert.deepEqual(none.at('device_keys'), { [alice.userId]: {} });
});

test('one-time keys are counted and claimed once; then the fallback key is lent', async (t) => {
  const { hs, alice, bob, post } = await open(t);
  const signed = (key: string) => ({ key, signatures: { [alice.userId]: { 'ed25519:X': 's' } } });
  const uploaded = await post(alice, 'upload', {
    one_time_keys: { 'signed_curve25519:A': signed('a'), 'signed_curve25519:B': signed('b') },
    fallback_keys: { 'signed_curve25519:F': { ...signed('f'), fallback: true } },
  });
  assert.deepEqual(uploaded.body, { one_time_key_counts: { signed_curve25519: 2 } });
  const claim = async (): Promise<unknown> => {
    const wanted = { one_time_keys: { [alice.userId]: { [alice.deviceId]: 'signed_curve25519' } } };
    return (await post(bob, 'claim', wanted)).at('one_time_keys', alice.userId, alice.deviceId);
  };
  assert.deepEqual(await claim(), { 'signed_curve25519:A': signed('a') });
  assert.deepEqual(await claim(), { 'signed_curve25519:B': signed('b') });
  const before = await hs.request(alice, 'GET', `${client}/sync`);
  assert.deepEqual(before.at('device_unused_fallback_key_types'), ['signed_curve25519']);
  assert.deepEqual(await claim(), { 'signed_curve25519:F': { ...signed('f'), fallback: true } });
  assert.deepEqual(await claim(), { 'signed_curve25519:F': { ...signed('f'), fallback: true } });
  const after = await hs.request(alice, 'GET', `${client}/sync`);
  assert.deepEqual(after.at('device_unused_fallback_key_types'), []);
});

test('a one-time key cannot be changed', async (t) => {
  const { alice, post } = await open(t);
  await post(alice, 'upload', { one_time_keys: { 'curve25519:A': 'one' } });
  assert.equal((await post(alice, 'upload', { one_time_keys: { 'curve25519:A': 'one' } })).status, 200);
  const changed = await post(alice, 'upload', { one_time_keys: { 'curve25519:A': 'two' } });
  assert.deepEqual([changed.status, changed.at('error')], [400, 'One time key curve25519:A already exists.']);
});

test('keys of another user or device, and malformed ones, are refused', async (t) => {
  const { alice, bob, post } = await open(t);
  for (const body of [
    { device_keys: deviceKeys(bob) },
    { device_keys: { ...deviceKeys(alice), device_id: 'OTHER' } },
    { device_keys: null },
    { device_keys: { ...deviceKeys(alice), keys: { a: 1 } } },
    { one_time_keys: { nocolon: 'x' } },
    { one_time_keys: { 'a:b': 1 } },
    { fallback_keys: [] },
  ]) {
    const answer = await post(alice, 'upload', body);
    assert.deepEqual([answer.status, answer.at('errcode')], [400, 'M_BAD_JSON'], JSON.stringify(body));
  }
  const query = await post(alice, 'query', { device_keys: { [bob.userId]: 'x' } });
  assert.equal(query.at('error'), "'device_keys' values must be a list of strings");
});

test('cross-signing keys are set once without, and changed with, authentication', async (t) => {
  const { alice, bob, post } = await open(t);
  const key = (usage: string, value: string) => ({
    user_id: alice.userId,
    usage: [usage],
    keys: { [`ed25519:${value}`]: value },
  });
  const first = {
    master_key: key('master', 'M'),
    self_signing_key: key('self_signing', 'S'),
    user_signing_key: key('user_signing', 'U'),
  };
  assert.equal(
    (await post(alice, 'device_signing/upload', { master_key: { ...key('master', 'M'), user_id: bob.userId } })).status,
    400,
  );
  assert.equal((await post(alice, 'device_signing/upload', first)).status, 200);
  assert.equal((await post(alice, 'device_signing/upload', first)).status, 200);
  const other = { master_key: key('master', 'N') };
  const asked = await post(alice, 'device_signing/upload', other);
  assert.equal(asked.status, 401);
  const auth = {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: 'correct horse',
    session: asked.textAt('session'),
  };
  assert.equal((await post(alice, 'device_signing/upload', { ...other, auth })).status, 200);
  const seen = await post(bob, 'query', { device_keys: { [alice.userId]: [] } });
  assert.deepEqual(seen.at('master_keys', alice.userId), key('master', 'N'));
  assert.deepEqual(seen.at('user_signing_keys'), {});
});

test('signatures are shown to all when they are the owner’s, else to who made them', async (t) => {
  const { alice, bob, post } = await open(t);
  await post(alice, 'upload', { device_keys: deviceKeys(alice) });
  const signed = (by: TestUser) => ({
    [alice.userId]: {
      [alice.deviceId]: { ...deviceKeys(alice), signatures: { [by.userId]: { 'ed25519:S': by.userId } } },
    },
  });
  await post(alice, 'signatures/upload', signed(alice));
  await post(bob, 'signatures/upload', signed(bob));
  const signersSeenBy = async (user: TestUser): Promise<string[]> => {
    const answer = await post(user, 'query', { device_keys: { [alice.userId]: [] } });
    return Object.keys(answer.at('device_keys', alice.userId, alice.deviceId, 'signatures') as object);
  };
  assert.deepEqual(await signersSeenBy(alice), [alice.userId]);
  assert.deepEqual(await signersSeenBy(bob), [alice.userId, bob.userId]);
});

test('who shares a room learns that devices changed, by sync and by /keys/changes', async (t) => {
  const { hs, alice, bob, post } = await open(t);
  const roomId = await hs.createRoom(alice, { preset: 'public_chat' });
  await hs.request(bob, 'POST', `${client}/join/${encodeURIComponent(roomId)}`, {});
  const since = (await hs.request(bob, 'GET', `${client}/sync`)).textAt('next_batch');
  await post(alice, 'upload', { device_keys: deviceKeys(alice) });
  const answer = await hs.request(bob, 'GET', `${client}/sync?since=${since}`);
  assert.deepEqual(answer.at('device_lists', 'changed'), [alice.userId]);
  const changes = await hs.request(bob, 'GET', `${client}/keys/changes?from=${since}&to=x`);
  assert.deepEqual(changes.body, { changed: [alice.userId], left: [] });
  await hs.request(alice, 'POST', `${client}/rooms/${encodeURIComponent(roomId)}/leave`, {});
  const left = await hs.request(bob, 'GET', `${client}/sync?since=${answer.textAt('next_batch')}`);
  assert.deepEqual(left.at('device_lists', 'left'), [alice.userId]);
});

test('changed devices are told to their owner, and to no stranger', async (t) => {
  const { hs, alice, bob, post } = await open(t);
  const [forAlice, forBob] = [alice, bob].map(async (user) =>
    (await hs.request(user, 'GET', `${client}/sync`)).textAt('next_batch'),
  );
  const since = [await forAlice, await forBob];
  await post(alice, 'upload', { device_keys: deviceKeys(alice) });
  const seenBy = async (user: TestUser, from = ''): Promise<unknown> =>
    (await hs.request(user, 'GET', `${client}/keys/changes?from=${from}&to=x`)).body;
  assert.deepEqual(await seenBy(alice, since[0]), { changed: [alice.userId], left: [] });
  assert.deepEqual(await seenBy(bob, since[1]), { changed: [], left: [] });
});

test('a device that is gone takes its keys and messages with it', async (t) => {
  const { hs, alice, bob, post } = await open(t);
  await post(alice, 'upload', { device_keys: deviceKeys(alice) });
  await hs.request(alice, 'POST', `${client}/logout`, {});
  const seen = await post(bob, 'query', { device_keys: { [alice.userId]: [] } });
  assert.deepEqual(seen.at('device_keys'), { [alice.userId]: {} });
});

test('there is no key backup', async (t) => {
  const { hs, alice } = await open(t);
  const answer = await hs.request(alice, 'GET', `${client}/room_keys/version`);
  assert.deepEqual([answer.status, answer.body], [404, { errcode: 'M_NOT_FOUND', error: 'No backup found' }]);
});
