import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { RegistrationBehaviour } from '../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import { Module } from '../../src/decorators/module.js';
import { Codes } from '../../src/errors/matrix-codes.js';
import type { MatrixEvent, StateMap } from '../../src/matrix/event.js';
import { tuple } from '../../src/matrix/tuple.js';
import { type Answers, FakeBridge } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';

type Json = Readonly<Record<string, unknown>>;

/** A bridge to a module that does this when it is made. */
async function withModule(
  t: TestContext,
  make: (api: ModuleApi) => void,
  answers?: Answers,
): Promise<Awaited<ReturnType<typeof FakeBridge.open>>> {
  @Module()
  class Made {
    constructor(api: ModuleApi) {
      make(api);
    }
  }
  const { address } = await openTestHost(t, { made: Made });
  return await FakeBridge.open(t, address, [{ module: 'made' }], answers === undefined ? {} : { answers });
}

function wireEvent(pdu: Json, more: Json = {}): Json {
  return {
    event_id: '$1',
    room_id: '!r:here.test',
    room_version: '11',
    pdu: { sender: '@a:here.test', content: {}, origin_server_ts: 5, depth: 2, unsigned: { age_ts: 1 }, ...pdu },
    ...more,
  };
}

const presence = {
  user_id: '@a:here.test',
  state: 'online',
  last_active_ts: 1,
  last_federation_update_ts: 2,
  last_user_sync_ts: 3,
  status_msg: null,
  currently_active: true,
};
const limit = { max_bytes: 10, time_period_ms: 20, info_uri: null, can_upgrade: false };

type Category =
  'spam_checker' | 'third_party_rules' | 'presence_router' | 'media_repository' | 'ratelimit' | 'account_validity';

interface Row {
  readonly category: Category;
  readonly name: string;
  readonly answer: unknown;
  readonly args: readonly unknown[];
  /** What the callback is given, as far as it is plain data. */
  readonly given?: readonly unknown[];
  readonly wire: unknown;
}

const rows: readonly Row[] = [
  {
    category: 'spam_checker',
    name: 'user_may_invite',
    args: ['@a:x', '@b:x', '!r:x'],
    given: ['@a:x', '@b:x', '!r:x'],
    answer: NOT_SPAM,
    wire: null,
  },
  {
    category: 'spam_checker',
    name: 'user_may_join_room',
    args: ['@a:x', '!r:x', true],
    answer: tuple(Codes.LIMIT_EXCEEDED, { retry_after_ms: 5 }),
    wire: { errcode: 'M_LIMIT_EXCEEDED', fields: { retry_after_ms: 5 } },
  },
  {
    category: 'spam_checker',
    name: 'check_event_for_spam',
    args: [wireEvent({ type: 'm.room.message' })],
    answer: 'too loud',
    wire: { errcode: 'M_FORBIDDEN', message: 'too loud' },
  },
  {
    category: 'spam_checker',
    name: 'check_registration_for_spam',
    args: [null, 'bob', [['agent', '1.2.3.4']], null],
    given: [null, 'bob', [['agent', '1.2.3.4']], null],
    answer: RegistrationBehaviour.SHADOW_BAN,
    wire: 'SHADOW_BAN',
  },
  {
    category: 'spam_checker',
    name: 'should_drop_federated_event',
    args: [wireEvent({ type: 'm.x' })],
    answer: 'because',
    wire: 'because',
  },
  {
    category: 'spam_checker',
    name: 'check_username_for_spam',
    args: [{ user_id: '@a:x', display_name: null, avatar_url: null }, '@b:x'],
    answer: 1,
    wire: true,
  },
  {
    category: 'third_party_rules',
    name: 'check_event_allowed',
    args: [wireEvent({ type: 'm.x' }), { state: 3 }],
    answer: tuple(true, { type: 'm.y' }),
    wire: { allowed: true, replacement: { type: 'm.y' } },
  },
  {
    category: 'third_party_rules',
    name: 'check_event_allowed',
    args: [wireEvent({ type: 'm.x' }), { state: 3 }],
    answer: tuple(true, null),
    wire: null,
  },
  {
    category: 'third_party_rules',
    name: 'check_can_deactivate_user',
    args: ['@a:x', false],
    answer: false,
    wire: false,
  },
  {
    category: 'third_party_rules',
    name: 'on_profile_update',
    args: ['@a:x', { display_name: 'A', avatar_url: null }, true, false],
    given: ['@a:x', { displayName: 'A', avatarUrl: null }, true, false],
    answer: 'ignored',
    wire: null,
  },
  {
    category: 'media_repository',
    name: 'get_media_upload_limits_for_user',
    args: ['@a:x'],
    answer: [{ maxBytes: 10, timePeriodMs: 20 }],
    wire: [limit],
  },
  {
    category: 'media_repository',
    name: 'on_media_upload_limit_exceeded',
    args: ['@a:x', { ...limit, info_uri: 'https://x' }, 5, 6],
    given: ['@a:x', { maxBytes: 10, timePeriodMs: 20, infoUri: 'https://x', canUpgrade: false }, 5, 6],
    answer: null,
    wire: null,
  },
  { category: 'media_repository', name: 'get_media_config_for_user', args: ['@a:x'], answer: { a: 1 }, wire: { a: 1 } },
  { category: 'media_repository', name: 'get_media_config_for_user', args: ['@a:x'], answer: {}, wire: null },
  {
    category: 'ratelimit',
    name: 'get_ratelimit_override_for_user',
    args: ['@a:x', 'rc_invites.per_user'],
    answer: { perSecond: 0.5, burstCount: 3 },
    wire: { per_second: 0.5, burst_count: 3 },
  },
  { category: 'account_validity', name: 'is_user_expired', args: ['@a:x'], answer: null, wire: null },
  { category: 'account_validity', name: 'is_user_expired', args: ['@a:x'], answer: true, wire: true },
  {
    category: 'account_validity',
    name: 'on_legacy_renew',
    args: ['t'],
    answer: tuple(true, false, 7),
    wire: [true, false, 7],
  },
];

for (const { category, name, args, given, answer, wire } of rows) {
  test(`${name} answering ${String(answer)} travels`, async (t) => {
    let asked: unknown;
    const bridge = await withModule(t, (api) => {
      const callbacks = {
        [name]: async (...values: unknown[]) => {
          asked = values;
          return answer;
        },
      };
      const register = {
        spam_checker: () => {
          api.registerSpamCheckerCallbacks(callbacks);
        },
        third_party_rules: () => {
          api.registerThirdPartyRulesCallbacks(callbacks);
        },
        presence_router: () => {
          api.registerPresenceRouterCallbacks(callbacks);
        },
        media_repository: () => {
          api.registerMediaRepositoryCallbacks(callbacks);
        },
        ratelimit: () => {
          api.registerRatelimitCallbacks(callbacks);
        },
        account_validity: () => {
          api.registerAccountValidityCallbacks(callbacks);
        },
      };
      register[category]();
    });
    assert.deepEqual(await bridge.invoke(`${category}.${name}`, ...args), wire);
    if (given !== undefined) assert.deepEqual(asked, given);
  });
}

test('presence travels both ways', async (t) => {
  const bridge = await withModule(t, (api) => {
    api.registerPresenceRouterCallbacks({
      get_users_for_states: async (states) => new Map([['@b:x' as never, new Set(states)]]),
      get_interested_users: async (userId) => (userId === ('@all:x' as never) ? 'ALL' : new Set(['@c:x' as never])),
    });
  });
  assert.deepEqual(await bridge.invoke('presence_router.get_users_for_states', [presence]), [['@b:x', [presence]]]);
  assert.equal(await bridge.invoke('presence_router.get_interested_users', '@all:x'), 'ALL');
  assert.deepEqual(await bridge.invoke('presence_router.get_interested_users', '@a:x'), ['@c:x']);
});

test('an event is what it is in Synapse, and nothing of it can be changed', async (t) => {
  let event: MatrixEvent | undefined;
  const bridge = await withModule(t, (api) => {
    api.registerSpamCheckerCallbacks({
      check_event_for_spam: async (given) => {
        event = given;
        return NOT_SPAM;
      },
    });
  });
  const pdu = { type: 'm.room.member', state_key: '@b:x', content: { membership: 'invite', deep: { a: [1] } } };
  await bridge.invoke('spam_checker.check_event_for_spam', wireEvent(pdu, { redacts: '$0' }));
  assert.ok(event !== undefined);
  const { eventId, roomId, type, sender, stateKey, redacts, membership, depth, roomVersion, originServerTs } = event;
  assert.deepEqual(
    { eventId, roomId, type, sender, stateKey, redacts, membership, depth, roomVersion, originServerTs },
    {
      eventId: '$1',
      roomId: '!r:here.test',
      type: 'm.room.member',
      sender: '@a:here.test',
      stateKey: '@b:x',
      redacts: '$0',
      membership: 'invite',
      depth: 2,
      roomVersion: '11',
      originServerTs: 5,
    },
  );
  assert.ok(event.isState());
  const { content } = event as unknown as { content: { deep: { a: number[] } } };
  assert.throws(() => content.deep.a.push(2), TypeError);
  const dict = event.getDict() as { content: { deep: { a: number[] } } };
  dict.content.deep.a.push(2);
  assert.deepEqual(event.content['deep'], { a: [1] });
  await bridge.invoke('spam_checker.check_event_for_spam', wireEvent({ type: 'm.x', content: 'none' }));
  assert.deepEqual([event.content, event.isState(), 'stateKey' in event], [{}, false, false]);
});

test('state is asked for when somebody looks, and ends with the call', async (t) => {
  const asked: string[] = [];
  let kept: StateMap | undefined;
  const bridge = await withModule(
    t,
    (api) => {
      api.registerThirdPartyRulesCallbacks({
        check_event_allowed: async (_event, state) => {
          kept = state;
          const name = await state.get('m.room.name', '');
          await state.get('m.room.name', '');
          const all = await state.all();
          return [name === undefined, { keys: (await state.keys()).length, all: all.length }];
        },
      });
    },
    (method, params) => {
      asked.push(`${method} ${JSON.stringify(params)}`);
      if (method === 'state.get') return null;
      if (method === 'state.keys') return [['m.room.create', '']];
      return method === 'state.all' ? { events: [wireEvent({ type: 'a' })], rest: 3 } : { events: [wireEvent({})] };
    },
  );
  const args = [wireEvent({ type: 'm.x' }), { state: 9 }];
  assert.deepEqual(await bridge.invoke('third_party_rules.check_event_allowed', ...args), {
    allowed: true,
    replacement: { keys: 1, all: 2 },
  });
  assert.deepEqual(asked, [
    'state.get {"state":9,"type":"m.room.name","state_key":""}',
    'state.all {"state":9}',
    'events.more {"rest":3}',
    'state.keys {"state":9}',
  ]);
  await assert.rejects(async () => await kept?.keys(), { code: 'SYNAPSE_HANDLE_ENDED' });
});

test('a media file is read piece by piece', async (t) => {
  const bytes = Buffer.from('x'.repeat(40_000));
  const pieces: number[] = [];
  const bridge = await withModule(
    t,
    (api) => {
      api.registerSpamCheckerCallbacks({
        check_media_file_for_spam: async (file, info) => {
          for await (const piece of file.stream()) pieces.push(piece.byteLength);
          const all = await file.read();
          return all.byteLength === 40_000 && info.thumbnail === null && file.path === '/m'
            ? Codes.TOO_LARGE
            : NOT_SPAM;
        },
      });
    },
    (_method, params) => {
      const offset = params['offset'] as number;
      const data = bytes.subarray(offset, offset + 30_000);
      return { data, end: offset + data.length === bytes.length };
    },
  );
  const info = { server_name: null, file_id: 'f', url_cache: false, thumbnail: null };
  const answer = await bridge.invoke('spam_checker.check_media_file_for_spam', { file: 4, path: '/m' }, info);
  assert.deepEqual(answer, { errcode: 'M_TOO_LARGE' });
  assert.deepEqual(pieces, [16_384, 13_616, 10_000]);
});

test('what on_create_room changes in the request is brought back', async (t) => {
  const bridge = await withModule(t, (api) => {
    api.registerThirdPartyRulesCallbacks({
      on_create_room: async (requester, config) => {
        if (requester.deviceId === undefined) delete config['name'];
      },
    });
  });
  const requester = {
    user_id: '@a:x',
    is_guest: false,
    shadow_banned: false,
    device_id: null,
    access_token_id: 1,
    app_service_id: null,
    authenticated_entity: '@a:x',
  };
  const config = { preset: 'private_chat', name: 'Lobby' };
  const callback = 'third_party_rules.on_create_room';
  assert.deepEqual(await bridge.invoke(callback, requester, config, false), {
    result: null,
    changed: { '1': { preset: 'private_chat' } },
  });
  assert.equal(await bridge.invoke(callback, { ...requester, device_id: 'D' }, config, false), null);
});

test('an auth checker answers with a function, which is called and released', async (t) => {
  const bridge = await withModule(t, (api) => {
    api.registerPasswordAuthProviderCallbacks({
      auth_checkers: [
        {
          loginType: 'com.example.key',
          fields: ['key'],
          check: async (username) =>
            tuple(username as never, async (response) => {
              response['extra'] = 1;
            }),
        },
      ],
    });
  });
  assert.deepEqual(bridge.registered.callbacks, [
    {
      category: 'password_auth_provider',
      name: 'auth_checkers',
      login_type: 'com.example.key',
      fields: ['key'],
      entries: [{ module: 'Made', mode: 'enforce', on_failure: { local: 'error', federated: 'error' } }],
    },
  ]);
  const callback = 'password_auth_provider.auth_checkers';
  const answer = (await bridge.invoke(callback, '@a:x', 'com.example.key', { key: 'k' })) as Json;
  assert.equal(answer['user_id'], '@a:x');
  const call = { function: answer['callback'], response: { access_token: 't' } };
  assert.deepEqual(await bridge.request('function.call', call), { response: { access_token: 't', extra: 1 } });
  bridge.notify('release', { handles: [answer['callback']] });
  await assert.rejects(bridge.request('function.call', call), /SYNAPSE_HANDLE_ENDED/);
});

test('a slot of a background update is entered and left', async (t) => {
  const steps: string[] = [];
  const bridge = await withModule(t, (api) => {
    api.registerBackgroundUpdateControllerCallbacks({
      on_update: async (name, database, oneShot) => {
        steps.push(`${name} ${database} ${String(oneShot)}`);
        return {
          enter: async () => 100,
          exit: async (error) => {
            steps.push(`left ${String(error)}`);
          },
        };
      },
      default_batch_size: async () => 7,
    });
  });
  const on = 'background_update_controller';
  const { slot } = (await bridge.invoke(`${on}.on_update`, 'u', 'main', false)) as Json;
  assert.equal(await bridge.request('slot.enter', { slot }), 100);
  assert.equal(await bridge.request('slot.exit', { slot, error: 'KeyError: x' }), null);
  assert.deepEqual(steps, ['u main false', 'left HostError: KeyError: x']);
  await assert.rejects(bridge.request('slot.enter', { slot }), /SYNAPSE_HANDLE_ENDED/);
  assert.equal(await bridge.invoke(`${on}.default_batch_size`, 'u', 'main'), 7);
  assert.equal(await bridge.invoke(`${on}.min_batch_size`, 'u', 'main'), null);
});

test('a callback that is registered late is told of with everybody who registered it', async (t) => {
  let late = (): void => undefined;
  const bridge = await withModule(t, (api) => {
    api.registerSpamCheckerCallbacks({ user_may_invite: async () => NOT_SPAM });
    late = () => {
      api.registerSpamCheckerCallbacks({ user_may_invite: async () => Codes.FORBIDDEN });
    };
  });
  late();
  const entry = { module: 'Made', mode: 'enforce', on_failure: { local: 'error', federated: 'allow' } };
  assert.deepEqual(await bridge.heard('callback.register'), {
    category: 'spam_checker',
    name: 'user_may_invite',
    entries: [entry, entry],
  });
  assert.deepEqual(await bridge.invoke('spam_checker.user_may_invite', '@a:x', '@b:x', '!r:x'), {
    errcode: 'M_FORBIDDEN',
  });
});

test('a cancelled call is not answered, and values of the wrong kind fail their call only', async (t) => {
  let go = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (go = resolve));
  const bridge = await withModule(t, (api) => {
    api.registerSpamCheckerCallbacks({
      user_may_invite: async (inviter) => {
        if (inviter === ('@slow:x' as never)) await waiting;
        return NOT_SPAM;
      },
      check_event_for_spam: async () => NOT_SPAM,
    });
  });
  const params = { callback: 'spam_checker.user_may_invite', args: ['@slow:x', '@b:x', '!r:x'] };
  const { id, answer } = bridge.requestWithId('callback.invoke', params);
  let isAnswered = false;
  answer.then(
    () => (isAnswered = true),
    () => undefined,
  );
  bridge.notify('cancel', { id });
  bridge.notify('cancel', { id: 999 });
  await assert.rejects(bridge.invoke('spam_checker.check_event_for_spam', 'no event'), /SYNAPSE_VALUE_WRONG/);
  await assert.rejects(bridge.invoke('spam_checker.check_event_for_spam'), /0 arguments/);
  await assert.rejects(bridge.invoke('spam_checker.nonsense', 1), /SYNAPSE_VALUE_WRONG/);
  go();
  assert.equal(await bridge.invoke('spam_checker.user_may_invite', '@a:x', '@b:x', '!r:x'), null);
  assert.equal(isAnswered, false);
});

test('lines of a module appear in the log of Synapse with its name', async (t) => {
  const bridge = await withModule(t, (api) => {
    api.registerThirdPartyRulesCallbacks({
      on_threepid_bind: async () => {
        throw new Error('forgot');
      },
    });
  });
  assert.equal(await bridge.invoke('third_party_rules.on_threepid_bind', '@a:x', 'email', 'a@x'), null);
  const line = await bridge.heard('log');
  assert.deepEqual([line['level'], line['module']], ['error', 'Made']);
  assert.match(String(line['message']), /on_threepid_bind threw/);
  assert.match(String(line['stack']), /Error: forgot/);
});
