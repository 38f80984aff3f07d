/* eslint-disable @typescript-eslint/no-deprecated -- what is deprecated works, too */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DbRow, DbTransaction } from '../../src/module-api/db-transaction.js';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { Module } from '../../src/decorators/module.js';
import { HostError } from '../../src/errors/host-error.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import { tuple } from '../../src/matrix/tuple.js';
import { type Answers, FakeBridge, RemoteFailure } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';

type Json = Readonly<Record<string, unknown>>;

/** The ModuleApi of a module behind a bridge that answers so. */
async function remoteApi(
  t: TestContext,
  answers: Answers,
  homeserver: Json = {},
): Promise<{ readonly api: ModuleApi; readonly bridge: FakeBridge }> {
  const made: { api?: ModuleApi } = {};
  @Module()
  class Made {
    constructor(api: ModuleApi) {
      made.api = api;
    }
  }
  const { address } = await openTestHost(t, { made: Made });
  const bridge = await FakeBridge.open(t, address, [{ module: 'made' }], { answers, homeserver });
  assert.ok(made.api !== undefined);
  return { api: made.api, bridge };
}

const event = {
  event_id: '$1',
  room_id: '!r:x',
  room_version: '11',
  pdu: { type: 'm.room.name', state_key: '', sender: '@a:x', content: { name: 'N' }, origin_server_ts: 1, depth: 1 },
};
const requester = {
  user_id: '@a:x',
  is_guest: false,
  shadow_banned: false,
  device_id: 'D',
  access_token_id: null,
  app_service_id: null,
  authenticated_entity: '@a:x',
};

interface Row {
  readonly call: (api: ModuleApi) => Promise<unknown>;
  readonly method: string;
  readonly args: Json;
  readonly answer: unknown;
  readonly result?: unknown;
}

const user = '@a:x' as never;
const room = '!r:x' as never;

const rows: readonly Row[] = [
  {
    call: (api) => api.getUserinfoById(user),
    method: 'get_userinfo_by_id',
    args: { user_id: '@a:x' },
    answer: { user_id: '@a:x', is_admin: true, creation_ts: 5 },
    result: { userId: '@a:x', isAdmin: true, creationTs: 5 },
  },
  {
    call: (api) => api.getUserinfoById(user),
    method: 'get_userinfo_by_id',
    args: { user_id: '@a:x' },
    answer: null,
    result: null,
  },
  {
    call: (api) => api.getThreepidsForUser(user),
    method: 'get_threepids_for_user',
    args: { user_id: '@a:x' },
    answer: [{ medium: 'email', address: 'a@x', validated_at: 1, added_at: 2 }],
    result: [{ medium: 'email', address: 'a@x', validatedAt: 1, addedAt: 2 }],
  },
  {
    call: (api) => api.registerUser('bob', { displayname: null, emails: ['b@x'], admin: true }),
    method: 'register_user',
    args: { localpart: 'bob', displayname: null, emails: ['b@x'], admin: true },
    answer: '@bob:x',
    result: '@bob:x',
  },
  {
    call: (api) => api.createLoginToken(user, { durationInMs: 5, authProviderSessionId: 's' }),
    method: 'create_login_token',
    args: { user_id: '@a:x', duration_in_ms: 5, auth_provider_session_id: 's' },
    answer: 'syl_x',
    result: 'syl_x',
  },
  {
    call: (api) => api.getMonthlyActiveUsersByService({ startTimestamp: 1 }),
    method: 'get_monthly_active_users_by_service',
    args: { start_timestamp: 1 },
    answer: [['native', '@a:x']],
    result: [['native', '@a:x']],
  },
  {
    call: (api) => api.getMonthlyActiveUsersByService(),
    method: 'get_monthly_active_users_by_service',
    args: {},
    answer: [],
    result: [],
  },
  {
    call: (api) => api.setDisplayname(user, 'A'),
    method: 'set_displayname',
    args: { user_id: '@a:x', new_displayname: 'A' },
    answer: null,
  },
  {
    call: (api) => api.sendHttpPushNotification(user, null, { devices: [] }, { tweaks: {} }),
    method: 'send_http_push_notification',
    args: { user_id: '@a:x', device_id: null, content: { devices: [] }, tweaks: {} },
    answer: [{ D: true }, { devices: ['x'] }],
    result: new Map([['D', true]]),
  },
  {
    call: (api) => api.setPresenceForUsers(new Map([[user, tuple('online', null)]])),
    method: 'set_presence_for_users',
    args: { users: { '@a:x': ['online', null] } },
    answer: null,
  },
  {
    call: (api) => api.sendLocalOnlinePresenceTo(new Set([user])),
    method: 'send_local_online_presence_to',
    args: { users: ['@a:x'] },
    answer: null,
  },
  {
    call: (api) => api.accountDataManager.getGlobal(user, 'm.x'),
    method: 'account_data_manager.get_global',
    args: { user_id: '@a:x', data_type: 'm.x' },
    answer: { a_b: 1 },
    result: { a_b: 1 },
  },
  {
    call: (api) => api.publicRoomListManager.roomIsInPublicRoomList(room),
    method: 'public_room_list_manager.room_is_in_public_room_list',
    args: { room_id: '!r:x' },
    answer: false,
    result: false,
  },
  {
    call: async (api) => (await api.updateRoomMembership(user, user, room, 'join', { remoteRoomHosts: [] })).type,
    method: 'update_room_membership',
    args: { sender: '@a:x', target: '@a:x', room_id: '!r:x', new_membership: 'join', remote_room_hosts: [] },
    answer: [event, null],
    result: 'm.room.name',
  },
  {
    call: async (api) => {
      const state = await api.getRoomState(room, { eventFilter: [tuple('m.room.name', null)] });
      return [await state.keys(), (await state.get('m.room.name', ''))?.content, await state.get('m.room.name', 'x')];
    },
    method: 'get_room_state',
    args: { room_id: '!r:x', event_filter: [['m.room.name', null]] },
    answer: { events: [event] },
    result: [[['m.room.name', '']], { name: 'N' }, undefined],
  },
  {
    call: (api) => api.getCanonicalRoomAlias(room),
    method: 'get_canonical_room_alias',
    args: { room_id: '!r:x' },
    answer: '#a:x',
    result: '#a:x',
  },
];

for (const { call, method, args, answer, result } of rows) {
  test(`${method} is called with ${JSON.stringify(args)}`, async (t) => {
    const asked: unknown[] = [];
    const { api } = await remoteApi(t, (...given) => {
      asked.push(given);
      return answer;
    });
    assert.deepEqual(await call(api), result);
    assert.deepEqual(asked, [['api.call', { method, args }]]);
  });
}

test('what a method changes in its argument is changed here, too', async (t) => {
  const { api } = await remoteApi(t, () => [['!new:x', null], { preset: 'x', visibility: 'private' }]);
  const config = { preset: 'x', name: 'Lobby' };
  assert.deepEqual(await api.createRoom(user, config), ['!new:x', null]);
  assert.deepEqual(config, { preset: 'x', visibility: 'private' });
});

for (const [what, call] of [
  ['getRoomState', async (api: ModuleApi) => await (await api.getRoomState(room)).all()],
  ['getStateEventsInRoom', async (api: ModuleApi) => await api.getStateEventsInRoom(room, [])],
] as const) {
  test(`the events of ${what} that do not come at once are asked for`, async (t) => {
    const pieces = [{ events: [event, event], rest: 5 }, { events: [], rest: 5 }, { events: [event] }];
    const asked: unknown[] = [];
    const { api } = await remoteApi(t, (method, params) => {
      if (method === 'events.more') asked.push(params);
      return pieces.shift();
    });
    assert.deepEqual(
      (await call(api)).map(({ eventId }) => eventId),
      ['$1', '$1', '$1'],
    );
    assert.deepEqual(asked, [{ rest: 5 }, { rest: 5 }]);
  });

  test(`the rest of ${what} is let go when it does not come`, async (t) => {
    const { api, bridge } = await remoteApi(t, (method) => {
      if (method === 'events.more') throw new RemoteFailure({ type: 'RuntimeError', message: 'no' });
      return { events: [event], rest: 5 };
    });
    await assert.rejects(call(api), { message: 'no' });
    assert.deepEqual(await bridge.heard('release'), { handles: [5] });
  });
}

test('errors of Synapse are thrown as what they are', async (t) => {
  const { api } = await remoteApi(t, (_method, { method }) => {
    const wire =
      method === 'check_username'
        ? { type: 'SynapseError', message: 'taken', status: 400, errcode: 'M_USER_IN_USE' }
        : { type: 'RuntimeError', message: 'no' };
    throw new RemoteFailure(wire);
  });
  await assert.rejects(
    api.checkUsername('a'),
    (error) => error instanceof SynapseError && error.errcode === 'M_USER_IN_USE',
  );
  await assert.rejects(api.deleteRoom(room), (error) => error instanceof HostError && error.type === 'RuntimeError');
});

test('what the process of Synapse is, is there at once', async (t) => {
  const { api } = await remoteApi(t, () => null, { worker_name: 'w1', worker_app: 'app', run_background_tasks: false });
  assert.deepEqual([api.serverName, api.workerName, api.workerApp], ['here.test', 'w1', 'app']);
  assert.equal(await api.shouldRunBackgroundTasks(), false);
});

test('templates are rendered in Synapse', async (t) => {
  const { api } = await remoteApi(t, (method, params) => {
    if (method === 'api.call') return [{ template: 8, name: 'mail.html' }];
    return `${method} ${JSON.stringify(params)}`;
  });
  const folder = await temporaryFolder(t, { 'mail.html': 'Hello {{ user }}' });
  const [template] = await api.readTemplates(['mail.html'], { customTemplateDirectory: folder });
  assert.ok(template !== undefined);
  assert.equal(template.name, 'mail.html');
  const rendered = 'template.render {"template":8,"values":{"user":"a"}}';
  assert.equal(await template.render({ user: 'a' }), rendered);
});

test('a request that Synapse does not wait for is refused', async (t) => {
  const { api } = await remoteApi(t, () => requester);
  await assert.rejects(api.getUserByReq(new Request('http://x/')), { code: 'SYNAPSE_REQUEST_UNKNOWN' });
});

test('nothing is asked over a connection that is gone', async (t) => {
  const never = (): Promise<never> => new Promise<never>(() => undefined);
  const { api, bridge } = await remoteApi(t, never);
  const waiting = api.isUserAdmin(user);
  bridge.socket.destroy();
  await assert.rejects(waiting, { code: 'SYNAPSE_CONNECTION_LOST' });
  await assert.rejects(api.isUserAdmin(user), { code: 'SYNAPSE_CONNECTION_LOST' });
});

/** Plays Synapse's database: runs the function so often, answers statements from a list. */
function database(bridge: () => FakeBridge, attempts: number, statements: Json[], seen: unknown[]): Answers {
  return async (method, params) => {
    if (method === 'db.begin') {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        await bridge().request('db.run', { transaction: params['transaction'], attempt });
      }
      return null;
    }
    const { transaction: _transaction, ...rest } = params;
    seen.push(Object.keys(rest).length === 0 ? method : rest);
    return statements.shift();
  };
}

async function transact<Result>(
  t: TestContext,
  work: (transaction: DbTransaction, api: ModuleApi) => Promise<Result>,
  statements: Json[] = [],
  attempts = 1,
): Promise<{ readonly result: Promise<Result>; readonly seen: unknown[] }> {
  const seen: unknown[] = [];
  const held: { bridge?: FakeBridge } = {};
  const { api, bridge } = await remoteApi(
    t,
    database(
      () => {
        assert.ok(held.bridge !== undefined);
        return held.bridge;
      },
      attempts,
      statements,
      seen,
    ),
  );
  held.bridge = bridge;
  const result = api.runDbInteraction('test', (transaction) => work(transaction, api));
  result.catch(() => undefined);
  return { result, seen };
}

const nothing = { rowcount: -1, description: null, rows: [], end: true };

test('a transaction executes statements and reads rows as they are asked for', async (t) => {
  const statements = [
    { rowcount: 2, description: null, rows: [], end: true },
    {
      rowcount: -1,
      description: ['a', 'b'],
      rows: [
        [1, { $vesicle: 'int', value: '9007199254740993' }],
        ['x', null],
      ],
      end: false,
    },
    { rows: [[{ $vesicle: 'bytes', value: 'AP8=' }, true]], end: true },
  ];
  const { result, seen } = await transact(
    t,
    async (transaction) => {
      await transaction.executemany('INSERT INTO x VALUES (?)', [[1n], [new Uint8Array([1])]]);
      const count = transaction.rowcount;
      await transaction.execute('SELECT a, b FROM x WHERE a > ?', [12345678901234567890n]);
      const rows: DbRow[] = [];
      for await (const row of transaction) rows.push(row);
      return [count, transaction.description, rows, await transaction.fetchone()];
    },
    statements,
  );
  assert.deepEqual(await result, [
    2,
    ['a', 'b'],
    [
      [1, 9007199254740993n],
      ['x', null],
      [new Uint8Array([0, 255]), 1],
    ],
    undefined,
  ]);
  assert.deepEqual(seen, [
    { sql: 'INSERT INTO x VALUES (?)', params: [[1], [{ $vesicle: 'bytes', value: 'AQ==' }]], many: true },
    {
      sql: 'SELECT a, b FROM x WHERE a > ?',
      params: [[{ $vesicle: 'int', value: '12345678901234567890' }]],
      many: false,
    },
    'db.fetch',
  ]);
});

test('a function that runs again counts once: only its last attempt has effects afterwards', async (t) => {
  const after: number[] = [];
  let attempts = 0;
  const { result } = await transact(
    t,
    async (transaction) => {
      const attempt = ++attempts;
      transaction.callAfter(() => after.push(attempt));
      await transaction.execute('SELECT 1');
      return attempt;
    },
    [nothing, nothing],
    2,
  );
  assert.equal(await result, 2);
  assert.deepEqual(after, [2]);
});

test('what the function throws is thrown as it is, after the rollback', async (t) => {
  const error = new RangeError('mine');
  const after: string[] = [];
  const { result } = await transact(t, async (transaction) => {
    transaction.callAfter(() => after.push('called'));
    await Promise.resolve();
    throw error;
  });
  await assert.rejects(result, (thrown) => thrown === error);
  assert.deepEqual(after, []);
});

test('ModuleApi is refused inside a transaction, and nowhere else', async (t) => {
  let later: Promise<unknown> | undefined;
  const { result, seen } = await transact(
    t,
    async (transaction, api) => {
      await assert.rejects(api.isUserAdmin(user), { code: 'SYNAPSE_CALL_IN_TRANSACTION' });
      await assert.rejects(
        api.runDbInteraction('inner', async () => undefined),
        { code: 'SYNAPSE_CALL_IN_TRANSACTION' },
      );
      transaction.callAfter(() => (later = api.isUserAdmin(user)));
      return transaction;
    },
    [],
  );
  const transaction = await result;
  await later;
  assert.deepEqual(seen, [{ method: 'is_user_admin', args: { user_id: '@a:x' } }]);
  await assert.rejects(
    async () => {
      await transaction.execute('SELECT 1');
    },
    { code: 'SYNAPSE_HANDLE_ENDED' },
  );
});
