import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoomId } from '../../src/matrix/ids.js';
import { type Account, Accounts, type Body } from '../support/accounts.js';
import { recordCallbacks } from '../support/callbacks.js';

const client = '/_matrix/client/v3';
const rules = `${client}/pushrules/global`;

function dataOf(account: Account, type: string, room = ''): string {
  const scope = room === '' ? '' : `/rooms/${room}`;
  return `/user/${account.userId}${scope}/account_data/${type}`;
}

test('account data is kept globally and by room, and modules are told', async (t) => {
  const hs = await Accounts.open(t, { config: { experimentalFeatures: { msc3391_enabled: true } } });
  const alice = await hs.register('alice');
  const calls = recordCallbacks(hs, 'account_data', { on_account_data_updated: null });
  const room = '!room:hs.test';
  await hs.call(alice, 'PUT', client + dataOf(alice, 'org.x'), { a: 1 });
  await hs.call(alice, 'PUT', client + dataOf(alice, 'org.x', room), { b: 2 });
  assert.deepEqual((await hs.call(alice, 'GET', client + dataOf(alice, 'org.x'))).body, { a: 1 });
  assert.deepEqual((await hs.call(alice, 'GET', client + dataOf(alice, 'org.x', room))).body, { b: 2 });
  const unstable = '/_matrix/client/unstable/org.matrix.msc3391';
  await hs.call(alice, 'DELETE', unstable + dataOf(alice, 'org.x'));
  await hs.call(alice, 'DELETE', unstable + dataOf(alice, 'org.none'));
  const gone = await hs.call(alice, 'GET', client + dataOf(alice, 'org.x'));
  assert.deepEqual([gone.status, gone.body['error']], [404, 'Account data not found']);
  assert.deepEqual(calls, [
    ['on_account_data_updated', alice.userId, null, 'org.x', { a: 1 }],
    ['on_account_data_updated', alice.userId, room, 'org.x', { b: 2 }],
    ['on_account_data_updated', alice.userId, null, 'org.x', {}],
    ['on_account_data_updated', alice.userId, null, 'org.none', {}],
  ]);
});

test('what a module does to the content it is told of changes nothing', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  recordCallbacks(hs, 'account_data', {
    on_account_data_updated: (_user: string, _room: unknown, _type: string, content: Record<string, unknown>) => {
      content['a'] = 2;
    },
  });
  await hs.call(alice, 'PUT', client + dataOf(alice, 'org.x'), { a: 1 });
  assert.deepEqual((await hs.call(alice, 'GET', client + dataOf(alice, 'org.x'))).body, { a: 1 });
});

test('account data that is refused', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  const rows: readonly (readonly [who: Account, path: string, body: unknown, status: number, errcode: string])[] = [
    [bob, dataOf(alice, 'org.x'), {}, 403, 'M_FORBIDDEN'],
    [alice, dataOf(alice, 'org.x'), '[]', 400, 'M_BAD_JSON'],
    [alice, dataOf(alice, 'm.fully_read'), {}, 405, 'M_BAD_JSON'],
    [alice, dataOf(alice, 'm.push_rules'), {}, 405, 'M_BAD_JSON'],
    [alice, dataOf(alice, 'org.x', 'none'), {}, 400, 'M_INVALID_PARAM'],
    [alice, dataOf(alice, 'm.ignored_user_list'), { ignored_users: { [alice.userId]: {} } }, 400, 'M_INVALID_PARAM'],
  ];
  for (const [who, path, body, status, errcode] of rows) {
    const answer = await hs.call(who, 'PUT', client + path, body);
    assert.deepEqual([answer.status, answer.body['errcode']], [status, errcode], path);
  }
});

test('a change reaches sync as the newest position', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const { accountData } = hs.homeserver.services.users;
  const { stream } = hs.homeserver.context;
  const { body } = await hs.call(alice, 'POST', `${client}/createRoom`, {});
  const room = String(body['room_id']) as RoomId;
  const before = stream.position;
  await hs.call(alice, 'PUT', client + dataOf(alice, 'org.x'), { a: 1 });
  await hs.call(alice, 'PUT', `${client}/user/${alice.userId}/rooms/${room}/tags/u.x`, { order: 0.5 });
  const update = accountData.since(alice.userId, before);
  assert.deepEqual(update.global, [{ type: 'org.x', content: { a: 1 } }]);
  assert.deepEqual([...update.rooms], [[room, [{ type: 'm.tag', content: { tags: { 'u.x': { order: 0.5 } } } }]]]);
  assert.deepEqual(
    accountData.all(alice.userId).global.map((event) => event.type),
    ['org.x', 'm.push_rules'],
  );
  await hs.call(alice, 'DELETE', `${client}/user/${alice.userId}/rooms/${room}/tags/u.x`);
  assert.deepEqual(accountData.ofRoom(alice.userId, room), []);
  const elsewhere = await hs.call(alice, 'PUT', `${client}/user/${alice.userId}/rooms/!none:hs.test/tags/u.x`, {});
  assert.equal(elsewhere.status, 403);
});

test('whom a user ignores, and whose invites they take', async (t) => {
  const config = { experimentalFeatures: { msc4155_enabled: true } };
  const hs = await Accounts.open(t, { config });
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  const { accountData } = hs.homeserver.services.users;
  assert.equal(accountData.ignoredBy(alice.userId).size, 0);
  const list = { ignored_users: { [bob.userId]: {} } };
  await hs.call(alice, 'PUT', client + dataOf(alice, 'm.ignored_user_list'), list);
  assert.deepEqual([...accountData.ignoredBy(alice.userId)], [bob.userId]);
  const permission = 'org.matrix.msc4155.invite_permission_config';
  const globs = { allowed_users: ['@friend:*'], ignored_users: ['@b*:hs.test'], blocked_servers: ['*.bad'] };
  await hs.call(alice, 'PUT', client + dataOf(alice, permission), globs);
  const ruleFor = (inviter: string): string => accountData.inviteRule(alice.userId, inviter as Account['userId']);
  assert.deepEqual(['@bob:hs.test', '@friend:very.bad', '@x:very.bad', '@x:hs.test'].map(ruleFor), [
    'ignore',
    'allow',
    'block',
    'allow',
  ]);
  await hs.call(alice, 'PUT', client + dataOf(alice, 'm.invite_permission_config'), { default_action: 'block' });
  assert.equal(ruleFor('@friend:very.bad'), 'block');
});

test('push rules are matched in the order in which they were put', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const put = async (path: string): Promise<number> =>
    (await hs.call(alice, 'PUT', `${rules}/override/${path}`, { conditions: [], actions: ['notify'] })).status;
  assert.deepEqual(
    [await put('a'), await put('b'), await put('c?before=a'), await put('d?after=b')],
    [200, 200, 200, 200],
  );
  const ids = async (): Promise<readonly unknown[]> => {
    const { body } = await hs.call(alice, 'GET', `${rules}/`);
    return (body['override'] as Body[]).map((rule) => rule['rule_id']).slice(0, 6);
  };
  assert.deepEqual(await ids(), ['.m.rule.master', 'b', 'd', 'c', 'a', '.m.rule.suppress_notices']);
  assert.equal((await hs.call(alice, 'DELETE', `${rules}/override/c`)).status, 200);
  assert.equal((await hs.call(alice, 'DELETE', `${rules}/override/c`)).status, 404);
  assert.deepEqual((await ids()).slice(0, 4), ['.m.rule.master', 'b', 'd', 'a']);
});

test('any rule can be switched off or do something else', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const message = `${rules}/underride/.m.rule.message`;
  await hs.call(alice, 'PUT', `${message}/enabled`, 'false');
  await hs.call(alice, 'PUT', `${message}/actions`, { actions: [{ set_tweak: 'sound', value: 'ping' }] });
  const { body } = await hs.call(alice, 'GET', message);
  assert.deepEqual([body['enabled'], body['actions']], [false, [{ set_tweak: 'sound', value: 'ping' }]]);
  assert.equal((await hs.call(alice, 'DELETE', message)).status, 200);
  const reset = await hs.call(alice, 'GET', `${message}/actions`);
  assert.deepEqual(reset.body, { actions: ['notify', { set_tweak: 'highlight', value: false }] });
});

const refusedRules: readonly (readonly [path: string, body: unknown, status: number, error: string])[] = [
  ['/override/.x', { conditions: [], actions: [] }, 400, "cannot add new rule_ids that start with '.'"],
  ['/override/a%2Fb', {}, 400, 'Unrecognized request'],
  ['/override/a%5Cb', {}, 400, 'rule_id may not contain slashes'],
  ['/unknown/x', {}, 400, 'Unknown template: unknown'],
  ['/override/x', {}, 400, "Missing 'conditions'"],
  ['/override/x', { conditions: [{}] }, 400, "Condition without 'kind'"],
  ['/override/x', { conditions: [] }, 400, 'No actions found'],
  ['/override/x', { conditions: [], actions: [{ a: "it's" }] }, 400, `Unrecognised action {'a': "it's"}`],
  ['/content/x', { actions: [] }, 400, "Content rule missing 'pattern'"],
  ['/override/x?after=none', { conditions: [], actions: [] }, 400, 'before/after rule not found: global/override/none'],
  ['/override/none/enabled', true, 404, 'Unknown rule'],
  ['/override/none/actions', { actions: ['notify'] }, 404, 'Unknown rule'],
  ['/override/.m.rule.master/enabled', {}, 400, "Value for 'enabled' must be boolean"],
  ['/override/.m.rule.master/actions', { actions: ['x'] }, 400, 'Invalid actions: Unrecognised action x'],
  [
    `/override/${'x'.repeat(300)}`,
    { conditions: [], actions: [] },
    413,
    'Push rule ID length exceeds server limit (316 bytes > 300 bytes).',
  ],
];

test('push rules that are refused', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  for (const [path, body, status, error] of refusedRules) {
    const answer = await hs.call(alice, 'PUT', rules + path, body);
    if (path.includes('%2F')) assert.equal(answer.status, 400);
    else assert.deepEqual([answer.status, answer.body['error']], [status, error], path);
  }
  const slash = await hs.call(alice, 'GET', rules);
  assert.equal(slash.body['error'], 'Unrecognised request: You probably wanted a trailing slash');
});

test('a pusher belongs to one user unless it is appended, and goes with its device', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  const pusher = {
    kind: 'http',
    app_id: 'app',
    pushkey: 'key',
    app_display_name: 'App',
    device_display_name: 'Phone',
    lang: 'en',
    data: { url: 'https://push.example/_matrix/push/v1/notify' },
  };
  const keys = async (who: Account): Promise<readonly unknown[]> =>
    ((await hs.call(who, 'GET', `${client}/pushers`)).body['pushers'] as Body[]).map((each) => each['pushkey']);
  const set = (who: Account, more: Body): ReturnType<Accounts['call']> =>
    hs.call(who, 'POST', `${client}/pushers/set`, { ...pusher, ...more });
  await set(alice, {});
  await set(bob, { append: true });
  assert.deepEqual([await keys(alice), await keys(bob)], [['key'], ['key']]);
  await set(bob, {});
  assert.deepEqual([await keys(alice), await keys(bob)], [[], ['key']]);
  await set(bob, { kind: null });
  assert.deepEqual(await keys(bob), []);
  const bad = await set(bob, { data: { url: 'https://push.example/' } });
  assert.equal(bad.body['error'], "Config Error: 'url' must have a path of '/_matrix/push/v1/notify'");
  assert.equal((await set(bob, { kind: 'email' })).body['error'], 'Unable to parse email address');
  const second = await hs.logIn('bob');
  await set(second, {});
  assert.deepEqual(await keys(bob), ['key']);
  await hs.call(second, 'POST', `${client}/logout`);
  assert.deepEqual(await keys(bob), []);
});

test('a filter is stored once and read back', async (t) => {
  const hs = await Accounts.open(t, { config: { filterTimelineLimit: 50 } });
  const alice = await hs.register('alice');
  const bob = await hs.register('bob');
  const path = `${client}/user/${alice.userId}/filter`;
  const filter = { room: { timeline: { limit: 100 } } };
  assert.deepEqual((await hs.call(alice, 'POST', path, {})).body, { filter_id: '0' });
  assert.deepEqual((await hs.call(alice, 'POST', path, filter)).body, { filter_id: '1' });
  assert.deepEqual((await hs.call(alice, 'POST', path, filter)).body, { filter_id: '1' });
  assert.deepEqual((await hs.call(alice, 'GET', `${path}/1`)).body, { room: { timeline: { limit: 50 } } });
  assert.equal((await hs.call(alice, 'GET', `${path}/2`)).body['errcode'], 'M_NOT_FOUND');
  assert.equal((await hs.call(alice, 'GET', `${path}/x`)).status, 400);
  assert.equal((await hs.call(bob, 'GET', `${path}/0`)).status, 403);
  const wrong = await hs.call(alice, 'POST', path, { room: { rooms: ['x'] } });
  assert.deepEqual([wrong.status, wrong.body['error']], [400, 'filter.room.rooms[0] is not a room ID']);
});

test('an OpenID token says who its owner is', async (t) => {
  const hs = await Accounts.open(t);
  const alice = await hs.register('alice');
  const { body } = await hs.call(alice, 'POST', `${client}/user/${alice.userId}/openid/request_token`, {});
  const userinfo = '/_matrix/federation/v1/openid/userinfo';
  const known = await hs.call(null, 'GET', `${userinfo}?access_token=${String(body['access_token'])}`);
  assert.deepEqual(known.body, { sub: alice.userId });
  assert.equal((await hs.call(null, 'GET', `${userinfo}?access_token=x`)).body['errcode'], 'M_UNKNOWN_TOKEN');
});
