/* eslint-disable @typescript-eslint/no-deprecated -- what is deprecated works, too */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ModuleApi } from '../../src/module-api/module-api.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import { SsoConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { allowedInside } from '../../src/module-api/shared/inside-transaction.js';
import type { RoomAlias, RoomId, UserId } from '../../src/matrix/ids.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { tuple } from '../../src/matrix/tuple.js';
import { openProbed } from '../support/module-probe.js';

const alice = '@alice:hs.test' as UserId;
const pushers = '/_matrix/client/v3/pushers/set';

/** A push gateway: what it was sent; it answers with a status and rejects push keys. */
interface Gateway {
  readonly url: string;
  readonly got: JsonObject[];
  status: number;
  rejected: readonly string[];
}

async function openGateway(t: TestContext): Promise<Gateway> {
  const gateway: Gateway = { url: '', got: [], status: 200, rejected: [] };
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      gateway.got.push((JSON.parse(text) as { notification: JsonObject }).notification);
      response.writeHead(gateway.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ rejected: gateway.rejected }));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return Object.assign(gateway, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

test('a notification goes to the pushers of the user, to one device or all, and failures are told', async (t) => {
  const gateway = await openGateway(t);
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const again = await hs.request(undefined, 'POST', '/_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: 'correct horse',
  });
  const second = { ...user, token: again.textAt('access_token'), deviceId: again.textAt('device_id') };
  for (const [index, device] of [user, second].entries()) {
    const data = { url: `${gateway.url}/_matrix/push/v1/notify`, default_payload: { a: 1, b: 1 } };
    const names = { app_id: 'app', app_display_name: 'App', device_display_name: 'Phone', lang: 'en' };
    const pusher = { ...names, kind: 'http', pushkey: `key${index}`, data, append: true };
    assert.equal((await hs.request(device, 'POST', pushers, pusher)).status, 200);
  }
  const content = (): { [key: string]: JsonObject | number } => ({ counts: { unread: 1 }, devices: 5 });
  const options = { tweaks: { sound: 'bing' }, defaultPayload: { b: 2 } };
  assert.deepEqual(
    [...(await api.sendHttpPushNotification(alice, user.deviceId, content(), options))],
    [[user.deviceId, true]],
  );
  const [sent] = gateway.got;
  assert.deepEqual(sent?.['counts'], { unread: 1 });
  const [device] = sent['devices'] as JsonObject[];
  assert.deepEqual(
    [device?.['app_id'], device?.['pushkey'], device?.['tweaks'], device?.['data']],
    ['app', 'key0', { sound: 'bing' }, { default_payload: { a: 1, b: 2 } }],
  );
  assert.equal(Object.keys(Object.fromEntries(await api.sendHttpPushNotification(alice, null, content()))).length, 2);
  assert.equal(gateway.got.length, 3);
  gateway.rejected = ['key0'];
  assert.deepEqual([...(await api.sendHttpPushNotification(alice, user.deviceId, content())).values()], [false]);
  gateway.status = 502;
  assert.deepEqual([...(await api.sendHttpPushNotification(alice, '', content())).values()], [false, false]);
  assert.equal((await api.sendHttpPushNotification('@nobody:hs.test' as UserId, null, content())).size, 0);
});

test('a transaction of a module is one of the database of the homeserver', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  await api.runDbInteraction('make', async (txn) => {
    await txn.execute('CREATE TABLE my_words (word TEXT PRIMARY KEY, count INTEGER)');
    await txn.executemany('INSERT INTO my_words VALUES (?, ?)', [['a', 1]]);
  });
  const broken = api.runDbInteraction('break', async (txn) => {
    await txn.execute('UPDATE my_words SET count = ?', [9]);
    throw new RangeError('no');
  });
  await assert.rejects(broken, RangeError);
  const read = (): Promise<unknown> =>
    api.runDbInteraction('read', async (txn) => {
      await txn.execute('SELECT count FROM my_words JOIN users ON users.name = ?', [alice]);
      return txn.fetchall();
    });
  assert.deepEqual(await read(), [[1]]);
});

test('a transaction refuses what Synapse would wait for itself with, and lets requests be answered', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(api) as object).filter(
    (name) => name !== 'constructor',
  );
  assert.ok(methods.length > 40);
  const accounts = api.accountDataManager;
  const rooms = api.publicRoomListManager;
  let later: Promise<unknown> | undefined;
  await api.runDbInteraction('everything', async (txn) => {
    await txn.execute('CREATE TABLE own (a)');
    for (const name of methods.filter((name) => !allowedInside.has(name))) {
      const call = async (): Promise<unknown> => (api as unknown as Record<string, () => unknown>)[name]?.();
      await assert.rejects(call, {
        code: 'SYNAPSE_CALL_IN_TRANSACTION',
        message: new RegExp(`${name} .*"everything"`),
      });
    }
    const refused = { code: 'SYNAPSE_CALL_IN_TRANSACTION' };
    await assert.rejects(accounts.getGlobal(alice, 'a'), refused);
    await assert.rejects(rooms.roomIsInPublicRoomList('!a:hs.test' as RoomId), refused);
    await api.sleep(0);
    await txn.execute('INSERT INTO own VALUES (?)', [await api.getCurrentTimeMsec()]);
    // Somebody else's request is not part of the transaction.
    assert.equal((await hs.request(user, 'POST', '/_matrix/client/v3/createRoom', {})).status, 200);
    txn.callAfter(() => (later = api.isUserAdmin(alice)));
  });
  assert.equal(await later, false);
});

test('templates come from the folder of the server, the folder of the module, and the built-in ones', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-templates-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'hello.html'), 'Hello {{ name }} {{ at | format_ts("%Y") }}');
  const { api } = await openProbed(t);
  const [mine, builtIn] = await api.readTemplates(['hello.html', 'notice_expiry.html'], {
    customTemplateDirectory: folder,
  });
  assert.equal(await mine?.render({ name: '<Bob>', at: 0 }), 'Hello &lt;Bob&gt; 1970');
  assert.ok(builtIn);
  await assert.rejects(api.readTemplates(['none.html']), { type: 'TemplateNotFound' });
});

const redirect = 'https://client.example/app?a=1';

async function signOn(api: ModuleApi, url = redirect): Promise<Response> {
  return api.completeSsoLoginAsync(alice, new Request('http://hs.test/'), url, { authProviderId: 'idp' });
}

test('a client on the whitelist gets its login token at once, one that is not on it after a question', async (t) => {
  const sso = Object.assign(new SsoConfig(), { clientWhitelist: ['https://client.example/'] });
  const { hs, api } = await openProbed(t, { config: { sso } });
  await hs.register('alice');
  const response = await signOn(api);
  assert.equal(response.status, 302);
  const target = new URL(response.headers.get('location') ?? '');
  assert.equal(target.searchParams.get('a'), '1');
  const login = { type: 'm.login.token', token: target.searchParams.get('loginToken') };
  assert.equal((await hs.request(undefined, 'POST', '/_matrix/client/v3/login', login)).at('user_id'), alice);
  assert.equal((await signOn(api, 'https://client.example.evil/')).status, 200);
});

test('a deactivated account ends its single sign-on with a page that says so', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: alice }, password: 'correct horse' };
  assert.equal((await hs.request(user, 'POST', '/_matrix/client/v3/account/deactivate', { auth })).status, 200);
  const response = await signOn(api);
  assert.equal(response.status, 403);
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
  const unknown = api.completeSsoLoginAsync('@nobody:hs.test' as UserId, new Request('http://hs.test/'), redirect);
  await assert.rejects(unknown, { status: 404 });
});

test('whoever is sent local presence gets all of it with the next sync', async (t) => {
  const { hs, api } = await openProbed(t);
  const [user, bob] = [await hs.register('alice'), await hs.register('bob')];
  const roomId = await hs.createRoom(user, { preset: 'public_chat' });
  await hs.request(bob, 'POST', `/_matrix/client/v3/rooms/${roomId}/join`, {});
  await api.setPresenceForUsers(new Map([[bob.userId as UserId, tuple('online', 'here')]]));
  const sync = async (since: string): Promise<readonly [string, unknown[]]> => {
    const answer = await hs.request(user, 'GET', `/_matrix/client/v3/sync?timeout=0${since}`);
    const senders = answer.listAt('presence', 'events').map(({ sender }) => sender);
    return [`&since=${answer.textAt('next_batch')}`, senders];
  };
  const [first] = await sync('');
  const [second, nothing] = await sync(first);
  assert.ok(!nothing.includes(bob.userId));
  await api.sendLocalOnlinePresenceTo([alice]);
  const [, again] = await sync(second);
  assert.ok(again.includes(bob.userId));
});

test('presence that a module sets is told again although it is the same', async (t) => {
  const { hs, api } = await openProbed(t);
  const [user, bob] = [await hs.register('alice'), await hs.register('bob')];
  const roomId = await hs.createRoom(user, { preset: 'public_chat' });
  await hs.request(bob, 'POST', `/_matrix/client/v3/rooms/${roomId}/join`, {});
  const set = (): Promise<void> => api.setPresenceForUsers(new Map([[bob.userId as UserId, tuple('online', 'here')]]));
  await set();
  const first = await hs.request(user, 'GET', '/_matrix/client/v3/sync?timeout=0');
  await set();
  const next = await hs.request(user, 'GET', `/_matrix/client/v3/sync?timeout=0&since=${first.textAt('next_batch')}`);
  const senders = next.listAt('presence', 'events').map(({ sender }) => sender);
  assert.ok(senders.includes(bob.userId));
});

test('a room is deleted once, and nobody is in it any more', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  const roomId = (await hs.createRoom(user)) as RoomId;
  const first = api.deleteRoom(roomId);
  await assert.rejects(api.deleteRoom(roomId), { status: 400, message: `Purge already in progress for ${roomId}` });
  await first;
  await hs.homeserver.idle();
  assert.deepEqual(await api.getStateEventsInRoom(roomId, [['m.room.create', null]]), []);
});

test('a room is being deleted still when the module that asked for it asks again', async (t) => {
  const { hs, api } = await openProbed(t);
  const user = await hs.register('alice');
  for (const members of [[], [await hs.register('bob'), await hs.register('carol')]]) {
    const roomId = (await hs.createRoom(user, { preset: 'public_chat' })) as RoomId;
    for (const member of members) {
      await hs.request(member, 'POST', `/_matrix/client/v3/join/${roomId}`, {});
    }
    await api.deleteRoom(roomId);
    assert.notDeepEqual(
      await api.getStateEventsInRoom(roomId, [['m.room.create', null]]),
      [],
      'nothing is removed before the call is over',
    );
    await assert.rejects(api.deleteRoom(roomId), { status: 400, message: `Purge already in progress for ${roomId}` });
    await hs.homeserver.idle();
    assert.deepEqual(await api.getStateEventsInRoom(roomId, [['m.room.create', null]]), []);
    await api.deleteRoom(roomId);
    await hs.homeserver.idle();
  }
});

test('errors have the names that vesicle exports, as over the bridge', async (t) => {
  const { hs, api } = await openProbed(t);
  await hs.register('alice');
  const nowhere = '!nowhere:hs.test' as RoomId;
  const failing: readonly (() => Promise<unknown>)[] = [
    () => api.lookupRoomAlias('#none:hs.test' as RoomAlias),
    () => api.updateRoomMembership(alice, alice, nowhere, 'join'),
    () => api.createAndSendEventIntoRoom({ type: 'a', sender: alice, room_id: nowhere, content: {} }),
    () => api.checkUsername('alice'),
    () => api.registerUser('alice'),
  ];
  for (const call of failing) await assert.rejects(call, { name: 'SynapseError' }, String(call));
  await assert.rejects(api.invalidateAccessToken('none'), { name: 'InvalidClientCredentialsError' });
  class OwnError extends SynapseError {
    override name = 'OwnError';
  }
  const own = api.runDbInteraction('own', () => Promise.reject(new OwnError(400, 'no')));
  await assert.rejects(own, { name: 'OwnError' });
});
