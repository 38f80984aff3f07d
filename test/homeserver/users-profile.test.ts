import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserDirectoryConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { type Account, Accounts, type Body } from '../support/accounts.js';
import { recordCallbacks } from '../support/callbacks.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import { type Tuple, tuple } from '../../src/matrix/tuple.js';
import { deferred } from '../support/deferred.js';
import type { TestAnswer } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const client = '/_matrix/client/v3';

function profileOf(account: Account, field = ''): string {
  return `${client}/profile/${account.userId}${field === '' ? '' : `/${field}`}`;
}

test('a profile has a name, an avatar and any other fields', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  await hs.call(alice, 'PUT', profileOf(alice, 'displayname'), { displayname: ' Alice ' });
  await hs.call(alice, 'PUT', profileOf(alice, 'avatar_url'), { avatar_url: 'mxc://hs.test/a' });
  await hs.call(alice, 'PUT', profileOf(alice, 'org.example.x'), { 'org.example.x': { a: [null, 1] } });
  const whole = { displayname: 'Alice', avatar_url: 'mxc://hs.test/a', 'org.example.x': { a: [null, 1] } };
  assert.deepEqual((await hs.call(null, 'GET', profileOf(alice))).body, whole);
  assert.deepEqual((await hs.call(null, 'GET', profileOf(alice, 'displayname'))).body, { displayname: 'Alice' });
  for (const field of ['displayname', 'avatar_url', 'org.example.x']) {
    assert.equal((await hs.call(alice, 'DELETE', profileOf(alice, field))).status, 200);
  }
  assert.deepEqual((await hs.call(null, 'GET', profileOf(alice, 'avatar_url'))).body, {});
  const none = await hs.call(null, 'GET', profileOf(alice));
  assert.deepEqual([none.status, none.body], [404, { errcode: 'M_NOT_FOUND', error: 'Profile was not found' }]);
});

const changes: readonly (readonly [field: string, body: Body, status: number, errcode: string, error: string])[] = [
  ['displayname', {}, 400, 'M_MISSING_PARAM', "Missing key 'displayname'"],
  ['displayname', { displayname: 5 }, 400, 'M_INVALID_PARAM', "'displayname' must be a string"],
  ['displayname', { displayname: 'x'.repeat(257) }, 400, 'M_UNKNOWN', 'Displayname is too long (max 256)'],
  ['avatar_url', { avatar_url: 'x'.repeat(1001) }, 400, 'M_UNKNOWN', 'Avatar URL is too long (max 1000)'],
  ['Bad', { Bad: 1 }, 400, 'M_INVALID_PARAM', 'Field name does not follow Common Namespaced Identifier Grammar'],
  ['x'.repeat(256), {}, 400, 'M_KEY_TOO_LARGE', 'Field name too long'],
  ['m.big', { 'm.big': 'x'.repeat(66_000) }, 400, 'M_PROFILE_TOO_LARGE', 'Profile too large'],
];

test('changes of a profile that are refused', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  for (const [field, body, status, errcode, error] of changes) {
    const answer = await hs.call(alice, 'PUT', profileOf(alice, field), body);
    assert.deepEqual([answer.status, answer.body], [status, { errcode, error }]);
  }
  const foreign = await hs.call(bob, 'PUT', profileOf(alice, 'displayname'), { displayname: 'x' });
  assert.deepEqual(foreign.body, { errcode: 'M_FORBIDDEN', error: "Cannot set another user's displayname" });
  hs.homeserver.services.userStore.setFlag(bob.userId, 'suspended', true);
  const suspended = await hs.call(bob, 'PUT', profileOf(bob, 'displayname'), { displayname: 'x' });
  assert.equal(suspended.body['errcode'], 'M_USER_SUSPENDED');
});

test('a server may fix names and avatars once they are set', async (t) => {
  const config = { enableSetDisplayname: false, enableSetAvatarUrl: false, requireAuthForProfileRequests: true };
  const hs = await Accounts.open(t, { config });
  const alice = await hs.register('alice');
  const renamed = await hs.call(alice, 'PUT', profileOf(alice, 'displayname'), { displayname: 'x' });
  assert.equal(renamed.body['error'], 'Changing display name is disabled on this server');
  const avatar = { avatar_url: 'mxc://hs.test/a' };
  assert.equal((await hs.call(alice, 'PUT', profileOf(alice, 'avatar_url'), avatar)).status, 200);
  assert.equal((await hs.call(alice, 'PUT', profileOf(alice, 'avatar_url'), avatar)).status, 403);
  assert.equal((await hs.call(null, 'GET', profileOf(alice))).status, 401);
});

test('avatars may be limited in size and type', async (t) => {
  const hs = await Accounts.open(t, { config: { maxAvatarSize: 4, allowedAvatarMimetypes: ['image/png'] } });
  const alice = await hs.register('alice');
  const upload = async (content: string, type: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${alice.token}`, 'content-type': type };
    const sized = { ...headers, 'content-length': String(content.length) };
    const answer = await hs.send('POST', '/_matrix/media/v3/upload', { headers: sized, body: content });
    return answer.body['content_uri'];
  };
  const set = async (url: unknown): Promise<number> =>
    (await hs.call(alice, 'PUT', profileOf(alice, 'avatar_url'), { avatar_url: url })).status;
  assert.equal(await set(await upload('1234', 'image/png')), 200);
  assert.equal(await set(await upload('12345', 'image/png')), 403);
  assert.equal(await set(await upload('1234', 'image/gif')), 403);
  assert.equal(await set('mxc://hs.test/none'), 403);
  assert.equal(await set(''), 200);
});

test('a change tells the modules and reaches the rooms afterwards', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const admin = await hs.registerAdmin();
  const { body } = await hs.call(alice, 'POST', `${client}/createRoom`, {});
  const calls = recordCallbacks(hs, 'third_party_rules', { on_profile_update: null });
  await hs.call(alice, 'PUT', profileOf(alice, 'displayname'), { displayname: 'A' });
  await hs.call(alice, 'PUT', profileOf(alice, 'org.x'), { 'org.x': 1 });
  await hs.call(admin, 'PUT', `/_synapse/admin/v2/users/${alice.userId}`, { displayname: 'B' });
  const { userId } = alice;
  assert.deepEqual(calls, [
    ['on_profile_update', userId, { displayName: 'A', avatarUrl: null }, false, false],
    ['on_profile_update', userId, { displayName: 'A', avatarUrl: null }, false, false],
    ['on_profile_update', userId, { displayName: 'B', avatarUrl: null }, true, false],
  ]);
  await hs.homeserver.idle();
  const room = hs.homeserver.services.rooms.rooms.find(String(body['room_id']));
  assert.equal(room?.state.get('m.room.member', userId)?.content['displayname'], 'B');
});

test('a change does not bring back who leaves a room while it is on its way there', async (t) => {
  const world = await RoomWorld.open(t);
  const [alice, bob] = await world.users('alice', 'bob');
  const rooms: string[] = [];
  for (let count = 0; count < 3; count++) {
    rooms.push(await world.hs.createRoom(alice, { preset: 'public_chat' }));
    await world.join(bob, rooms[count] ?? '');
  }
  const [first = '', , last = ''] = rooms.sort();
  const left = deferred();
  const holdUp = async (event: MatrixEvent): Promise<Tuple<[boolean, null]>> => {
    if (event.content['displayname'] === 'Robert') await left.promise;
    return tuple(true, null);
  };
  const callbacks = [{ name: 'check_event_allowed', handler: holdUp }];
  world.hs.homeserver.dispatch.register({ module: 'Slow', category: 'third_party_rules', callbacks });
  await world.done(bob, 'PUT', `/profile/${bob.userId}/displayname`, { displayname: 'Robert' });
  await world.done(bob, 'POST', `/rooms/${last}/leave`);
  left.resolve(undefined);
  await world.hs.homeserver.idle();
  const memberIn = async (roomId: string): Promise<TestAnswer> =>
    world.stateOf(alice, roomId, 'm.room.member', bob.userId);
  assert.equal((await memberIn(first)).at('displayname'), 'Robert');
  assert.equal((await memberIn(last)).at('membership'), 'leave');
});

test('profiles may be for those who share a room', async (t) => {
  const hs = await Accounts.open(t, { config: { limitProfileRequestsToUsersWhoShareRooms: true } });
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  assert.equal((await hs.call(bob, 'GET', profileOf(alice))).body['error'], "Profile isn't available");
  const { body } = await hs.call(alice, 'POST', `${client}/createRoom`, { preset: 'public_chat' });
  await hs.call(bob, 'POST', `${client}/join/${String(body['room_id'])}`);
  assert.equal((await hs.call(bob, 'GET', profileOf(alice))).status, 200);
});

async function search(hs: Accounts, who: Account, term: string, limit = 10): Promise<Body> {
  return (await hs.call(who, 'POST', `${client}/user_directory/search`, { search_term: term, limit })).body;
}

function idsOf(body: Body): readonly unknown[] {
  return (body['results'] as Body[]).map((result) => result['user_id']);
}

test('the directory shows whom one may know: members of public rooms and of own rooms', async (t) => {
  const hs = await Accounts.open(t);
  const [alice, bob, carol, dave] = await Promise.all(
    ['alice', 'bob', 'carol', 'dave'].map((name) => hs.register(name)),
  );
  assert.ok(alice && bob && carol && dave);
  await hs.call(bob, 'POST', `${client}/createRoom`, { preset: 'public_chat' });
  const { body } = await hs.call(alice, 'POST', `${client}/createRoom`, { invite: [carol.userId] });
  await hs.call(carol, 'POST', `${client}/join/${String(body['room_id'])}`);
  assert.deepEqual(idsOf(await search(hs, alice, 'hs')).toSorted(), [bob.userId, carol.userId]);
  assert.deepEqual(idsOf(await search(hs, dave, 'hs')), [bob.userId]);
  assert.deepEqual(idsOf(await search(hs, alice, 'car')), [carol.userId]);
  assert.deepEqual(idsOf(await search(hs, alice, 'ob')), [], 'only the beginning of a word counts');
  const { limited, results } = await search(hs, alice, 'hs', 1);
  assert.deepEqual([limited, (results as Body[]).length], [true, 1]);
});

test('the directory may show everybody; modules leave some out', async (t) => {
  const userDirectory = Object.assign(new UserDirectoryConfig(), { searchAllUsers: true });
  const hs = await Accounts.open(t, { config: { userDirectory } });
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  const locked = await hs.register('bobby');
  hs.homeserver.services.userStore.setFlag(locked.userId, 'locked', true);
  await hs.call(bob, 'PUT', profileOf(bob, 'displayname'), { displayname: 'Robert Ångström' });
  assert.deepEqual(idsOf(await search(hs, alice, 'ÅNG rob')), [bob.userId]);
  assert.deepEqual(idsOf(await search(hs, alice, 'bob')), [bob.userId]);
  const calls = recordCallbacks(hs, 'spam_checker', {
    check_username_for_spam: (profile: Record<string, unknown>) => {
      profile['display_name'] = 'changed';
      return profile['user_id'] === '@bob:hs.test';
    },
  });
  assert.deepEqual(idsOf(await search(hs, alice, 'bob')), []);
  assert.deepEqual(calls[0]?.[1], { user_id: bob.userId, display_name: 'Robert Ångström', avatar_url: null });
  const off = await Accounts.open(t, {
    config: { userDirectory: Object.assign(new UserDirectoryConfig(), { enabled: false }) },
  });
  assert.deepEqual(await search(off, await off.register('x'), 'x'), { limited: false, results: [] });
});
