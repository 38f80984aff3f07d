import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallbackCategory } from '../../../src/callbacks/registry.js';
import type { AnyHandler } from '../../../src/callbacks/rule.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { parseCallbacks } from '../../../src/dispatch/registration.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import { tuple } from '../../../src/matrix/tuple.js';
import { RecordingLog } from '../../support/recording-log.js';

const alice = '@alice:here' as UserId;
const room = '!room:here' as RoomId;

function open(): { readonly dispatch: Dispatcher; readonly log: RecordingLog; readonly add: Add } {
  const log = new RecordingLog();
  const dispatch = new Dispatcher({ log });
  const add: Add = (module, category, callbacks, rank) => {
    const list = parseCallbacks(module, category, callbacks);
    return dispatch.register({ module, category, callbacks: list, ...(rank !== undefined && { rank }) });
  };
  return { dispatch, log, add };
}

type Add = (
  module: string,
  category: CallbackCategory,
  callbacks: object,
  rank?: number,
) => { readonly remove: () => void };

const none: AnyHandler = async () => null;
const checker = (loginType: unknown, fields: unknown, check: unknown = none): object => ({
  auth_checkers: [{ loginType, fields, check }],
});

describe('registering', () => {
  const refused: readonly (readonly [title: string, category: string, callbacks: object, error: string])[] = [
    [
      'an unknown category',
      'spam_cheker',
      {},
      '[CATEGORY_UNKNOWN] A: there is no callback category "spam_cheker". Did you mean "spam_checker"?',
    ],
    [
      'an unknown callback',
      'spam_checker',
      { check_event: none },
      '[CALLBACK_UNKNOWN] A: spam_checker has no callback "check_event". Did you mean "check_event_for_spam"?',
    ],
    [
      'a misspelt callback',
      'spam_checker',
      { check_event_for_spm: none },
      '[CALLBACK_UNKNOWN] A: spam_checker has no callback "check_event_for_spm". Did you mean "check_event_for_spam"?',
    ],
    [
      'a prototype member as a name',
      'spam_checker',
      { toString: none },
      '[CALLBACK_UNKNOWN] A: spam_checker has no callback "toString".',
    ],
    [
      'a callback that is no function',
      'spam_checker',
      { user_may_invite: true },
      '[CALLBACK_NOT_A_FUNCTION] A: the callback spam_checker.user_may_invite is boolean, not a function. Give a method or an async function.',
    ],
    [
      'an auth checker without fields',
      'password_auth_provider',
      checker('t', undefined),
      '[CALLBACK_OPTION_INVALID] A: its options are wrong: password_auth_provider.auth_checkers[0] must be { loginType, fields, check }: a string, an array of strings, a function',
    ],
    [
      'an auth checker without a function',
      'password_auth_provider',
      checker('t', [], 1),
      '[CALLBACK_NOT_A_FUNCTION] A: the callback password_auth_provider.auth_checkers[t] is number, not a function. Give a method or an async function.',
    ],
    [
      'a field that is no text',
      'password_auth_provider',
      checker('t', ['password', 1]),
      "A module tried to register support for login type: t with parameters ('password', 1) but all parameter names must be strings",
    ],
    [
      'a single field that is no text',
      'password_auth_provider',
      checker('t', [null]),
      'A module tried to register support for login type: t with parameters (None,) but all parameter names must be strings',
    ],
    [
      'half of the presence router',
      'presence_router',
      { get_interested_users: none },
      'PresenceRouter modules must register neither or both of the paired callbacks: [get_users_for_states, get_interested_users]',
    ],
    [
      'a background update controller without on_update',
      'background_update_controller',
      { min_batch_size: none },
      "ModuleApi.register_background_update_controller_callbacks() missing 1 required keyword-only argument: 'on_update'",
    ],
  ];
  for (const [title, category, callbacks, message] of refused) {
    it(`refuses ${title}`, () => {
      const { dispatch, add } = open();
      assert.throws(() => add('A', category as CallbackCategory, callbacks), { message });
      assert.deepEqual(dispatch.registered(), []);
    });
  }

  for (const name of ['on_legacy_send_mail', 'on_legacy_renew', 'on_legacy_admin_request']) {
    it(`refuses a second ${name}`, () => {
      const { add } = open();
      add('A', 'account_validity', { [name]: none });
      assert.throws(() => add('B', 'account_validity', { [name]: none }), {
        name: 'HostError',
        type: 'RuntimeError',
        message: `Tried to register ${name} twice`,
      });
    });
  }

  it('ignores a second background update controller whole, with a warning', async () => {
    const { dispatch, log, add } = open();
    add('A', 'background_update_controller', { on_update: async () => 'A' });
    add('B', 'background_update_controller', { on_update: async () => 'B', min_batch_size: async () => 7 });
    assert.match(
      log.texts.join(),
      /^warn More than one module tried to register callbacks for controlling background updates/,
    );
    assert.equal(await dispatch.ask('background_update_controller', 'on_update', 'u', 'master', false), 'A');
    assert.equal(dispatch.isAsked('background_update_controller', 'min_batch_size'), false);
  });

  it('takes null and undefined for not given', () => {
    const { dispatch, add } = open();
    add('A', 'presence_router', { get_interested_users: null, get_users_for_states: undefined });
    add('A', 'spam_checker', {});
    assert.deepEqual(dispatch.registered(), []);
  });

  it('asks in order of registration, each module as often as it registered', async () => {
    const { dispatch, add } = open();
    const asked: string[] = [];
    for (const module of ['A', 'B', 'A']) {
      add(module, 'spam_checker', {
        user_may_join_room: async () => {
          asked.push(module);
          return NOT_SPAM;
        },
      });
    }
    assert.equal(await dispatch.ask('spam_checker', 'user_may_join_room', alice, room, false), NOT_SPAM);
    assert.deepEqual(asked, ['A', 'B', 'A']);
  });

  it('passes the arguments by position', async () => {
    const { dispatch, add } = open();
    let given: unknown;
    add('A', 'spam_checker', {
      user_may_join_room: async (...args: unknown[]) => {
        given = args;
        return NOT_SPAM;
      },
    });
    await dispatch.ask('spam_checker', 'user_may_join_room', alice, room, true);
    assert.deepEqual(given, [alice, room, true]);
  });

  for (const isObserved of [false, true]) {
    it(`gives each callback a copy of what it may not change for others${isObserved ? ', observed' : ''}`, async () => {
      const { dispatch, add } = open();
      if (isObserved) dispatch.observe(() => undefined);
      const names: unknown[] = [];
      for (const module of ['A', 'B']) {
        add(module, 'spam_checker', {
          user_may_create_room: async (_user: UserId, config: { name: string; deep: string[] }) => {
            names.push(config.name, ...config.deep);
            config.name = 'changed';
            config.deep.push('changed');
            return NOT_SPAM;
          },
        });
      }
      const config = { name: 'mine', deep: [] };
      await dispatch.ask('spam_checker', 'user_may_create_room', alice, config);
      assert.deepEqual(names, ['mine', 'mine']);
      assert.deepEqual(config, { name: 'mine', deep: [] });
    });
  }

  it('reaches a callback registered while the question is being asked', async () => {
    const { dispatch, add } = open();
    add('A', 'spam_checker', {
      user_may_join_room: async () => {
        add('B', 'spam_checker', { user_may_join_room: async () => Codes.FORBIDDEN });
        return NOT_SPAM;
      },
    });
    assert.deepEqual(await dispatch.ask('spam_checker', 'user_may_join_room', alice, room, true), {
      errcode: 'M_FORBIDDEN',
      fields: {},
    });
  });

  it('asks nobody once a registration is removed', () => {
    const { dispatch, add } = open();
    const { remove } = add('A', 'spam_checker', { user_may_join_room: none, user_may_invite: none });
    add('A', 'spam_checker', { user_may_invite: none });
    remove();
    assert.deepEqual(
      dispatch.registered().map(({ name }) => name),
      ['user_may_invite'],
    );
    assert.equal(dispatch.hook('spam_checker', 'user_may_join_room').isUsed, false);
  });

  it('takes out everything of a module', () => {
    const { dispatch, add } = open();
    add('A', 'spam_checker', { user_may_invite: none });
    add('B', 'spam_checker', { user_may_invite: none });
    add('A', 'password_auth_provider', checker('t', ['x']));
    dispatch.removeModule('A');
    assert.deepEqual(
      dispatch.registered().map(({ module }) => module),
      ['B'],
    );
    assert.deepEqual([...dispatch.loginTypes()], []);
  });
});

describe('auth checkers', () => {
  it('are asked for their login type only, in order', async () => {
    const { dispatch, add } = open();
    const asked: string[] = [];
    const check = (name: string, answer: unknown) => async () => {
      asked.push(name);
      return answer;
    };
    add('A', 'password_auth_provider', checker('one', ['x'], check('A', null)));
    add('B', 'password_auth_provider', checker('two', ['x'], check('B', tuple('@b:here', null))));
    add('C', 'password_auth_provider', checker('one', ['x'], check('C', tuple('@c:here', null))));
    assert.deepEqual(await dispatch.askAuthCheckers('one', 'c', 'one', { x: 1 }), {
      userId: '@c:here',
      callback: null,
    });
    assert.deepEqual(asked, ['A', 'C']);
    assert.equal(await dispatch.askAuthCheckers('three', 'c', 'three', {}), undefined);
  });

  it('need the fields registered last for their login type', () => {
    const { dispatch, add } = open();
    add('A', 'password_auth_provider', checker('t', ['x']));
    add('A', 'password_auth_provider', checker('u', []));
    add('B', 'password_auth_provider', checker('t', ['y', 'z']));
    assert.deepEqual(
      [...dispatch.loginTypes()],
      [
        ['t', ['y', 'z']],
        ['u', []],
      ],
    );
  });

  it('take a plain text of fields character by character', () => {
    const { dispatch, add } = open();
    add('A', 'password_auth_provider', checker('t', 'pw'));
    assert.deepEqual(dispatch.loginTypes().get('t'), ['p', 'w']);
  });

  it('notice other fields only where a field is named like the type', () => {
    const { add } = open();
    add('A', 'password_auth_provider', checker('t', ['t']));
    assert.throws(() => add('B', 'password_auth_provider', checker('t', ['x'])), {
      type: 'RuntimeError',
      message:
        "A module tried to register support for login type: t with parameters ('x',) but another module had already registered support for that type with parameters ('t',)",
    });
  });
});

describe('replacing a module', () => {
  const says = (name: string) => ({ user_may_invite: async () => name });
  const modulesOf = (dispatch: Dispatcher): readonly string[] => dispatch.registered().map(({ module }) => module);
  const registration = (module: string, rank: number, callbacks: object) => ({
    module,
    category: 'spam_checker' as const,
    rank,
    callbacks: parseCallbacks(module, 'spam_checker', callbacks),
  });

  it('keeps its place among the others', () => {
    const { dispatch, add } = open();
    for (const [rank, module] of ['A', 'B', 'C'].entries()) add(module, 'spam_checker', says(module), rank);
    dispatch.replaceModule('B', [registration('B', 1, says('new B'))]);
    assert.deepEqual(modulesOf(dispatch), ['A', 'B', 'C']);
  });

  it('puts callbacks that it did not have before where the configuration says', () => {
    const { dispatch, add } = open();
    for (const [rank, module] of ['A', 'C'].entries()) add(module, 'spam_checker', says(module), rank * 2);
    dispatch.replaceModule('B', [registration('B', 1, says('B'))]);
    assert.deepEqual(modulesOf(dispatch), ['A', 'B', 'C']);
  });

  it('changes nothing when the new registrations are refused', () => {
    const { dispatch, add } = open();
    add('A', 'account_validity', { on_legacy_renew: none });
    add('B', 'spam_checker', says('B'), 1);
    add('B', 'password_auth_provider', checker('t', ['x']), 1);
    const category = 'account_validity' as const;
    const callbacks = parseCallbacks('B', category, { on_legacy_renew: none });
    assert.throws(() => {
      dispatch.replaceModule('B', [registration('B', 1, {}), { module: 'B', category, callbacks }]);
    }, /twice/);
    assert.deepEqual(modulesOf(dispatch), ['B', 'B', 'A']);
    assert.deepEqual(dispatch.loginTypes().get('t'), ['x']);
  });
});
