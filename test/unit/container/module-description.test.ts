import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Callback } from '../../../src/decorators/callback.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { describeModule } from '../../../src/container/module-description.js';
import type { Class } from '../../../src/metadata/metadata-store.js';

/** Decorators as JavaScript authors use them: nothing checks what they are given. */
const callback = Callback as unknown as (
  ...args: unknown[]
) => (target: object, member: string, descriptor?: unknown) => void;
const web = WebResource as unknown as typeof callback;
const asModule = Module as unknown as (options?: object) => (type: unknown) => void;

/** A module class whose members `decorate` decorates. */
function moduleClass(decorate: (prototype: object, type: Class) => void, options?: object): Class {
  class Guard {
    readonly text = 'x';

    async check(): Promise<void> {}

    async other(): Promise<void> {}

    static async shared(): Promise<void> {}
  }
  decorate(Guard.prototype, Guard);
  asModule(options)(Guard);
  return Guard;
}

describe('what tsc cannot see is refused at load', () => {
  const table: readonly (readonly [title: string, type: unknown, message: string])[] = [
    [
      'a class without @Module',
      class Plain {},
      '[KERNEL_NOT_A_MODULE] Plain is not a module. Mark the class with @Module().',
    ],
    ['what is no class', 'text', '[KERNEL_NOT_A_MODULE] text is not a module. Mark the class with @Module().'],
    [
      'an unknown category',
      moduleClass((it) => {
        callback('spam_checkr', 'check_event_for_spam')(it, 'check');
      }),
      '[CATEGORY_UNKNOWN] Guard.check: there is no callback category "spam_checkr". Did you mean "spam_checker"?',
    ],
    [
      'an unknown callback',
      moduleClass((it) => {
        callback('spam_checker', 'check_event_for_spm')(it, 'check');
      }),
      '[CALLBACK_UNKNOWN] Guard.check: spam_checker has no callback "check_event_for_spm". Did you mean "check_event_for_spam"?',
    ],
    [
      'a callback on a property',
      moduleClass((it) => {
        callback('spam_checker', 'user_may_invite')(it, 'text');
      }),
      '[CALLBACK_NOT_A_FUNCTION] Guard.text: the callback spam_checker.user_may_invite is a property, which only instances have (as arrow functions are), not a function. Give a method or an async function.',
    ],
    [
      'a callback on a static method',
      moduleClass((_, type) => {
        callback('spam_checker', 'user_may_invite')(type, 'shared');
      }),
      "[STATIC_MEMBER] Guard.shared: @Callback('spam_checker', 'user_may_invite') stands on a static member. Put it on a member of the instance.",
    ],
    [
      'an auth checker without login type',
      moduleClass((it) => {
        callback('password_auth_provider', 'auth_checkers')(it, 'check');
      }),
      '[CALLBACK_OPTION_INVALID] Guard.check: its options are wrong: password_auth_provider.auth_checkers needs the options { loginType, fields }',
    ],
    [
      'a login type where none belongs',
      moduleClass((it) => {
        callback('spam_checker', 'user_may_invite', { loginType: 't', fields: [] })(it, 'check');
      }),
      '[CALLBACK_OPTION_INVALID] Guard.check: its options are wrong: spam_checker.user_may_invite is not registered for a loginType',
    ],
    [
      'a wrong filter',
      moduleClass((it) => {
        callback('spam_checker', 'check_event_for_spam', { when: { roomId: 'x' } })(it, 'check');
      }),
      '[CALLBACK_OPTION_INVALID] Guard.check: its options are wrong: when has no test "roomId". Did you mean "room_id"?',
    ],
    [
      'a web resource on a static method',
      moduleClass((_, type) => {
        web('/_synapse/client/x')(type, 'shared');
      }),
      "[STATIC_MEMBER] Guard.shared: @WebResource('/_synapse/client/x') stands on a static member. Put it on a member of the instance.",
    ],
    [
      'a web path that is no text',
      moduleClass((it) => {
        web(undefined)(it, 'check');
      }),
      '[WEB_RESOURCE_INVALID] Guard.check: this web resource cannot be served: the path must be a string',
    ],
    [
      'an unknown HTTP method',
      moduleClass((it) => {
        web('/x', { method: 'get' })(it, 'check');
      }),
      '[WEB_RESOURCE_INVALID] Guard.check: this web resource cannot be served: there is no method "get". Use GET, POST, PUT, DELETE or PATCH.',
    ],
    [
      "paths of Synapse's own",
      moduleClass((it) => {
        web('/_matrix/client/x')(it, 'check');
        web('/health')(it, 'other');
      }),
      `[MODULE_INVALID] Guard has 2 mistakes:
  [WEB_PATH_RESERVED] Guard.check: the web path /_matrix/client/x is refused, because /_matrix/client and everything below it is Synapse's own. Use a path like /_synapse/client/<name>/....
  [WEB_PATH_RESERVED] Guard.other: the web path /health is refused, because /health and everything below it is Synapse's own. Use a path like /_synapse/client/<name>/....`,
    ],
    [
      'an unknown option of a web resource',
      moduleClass((it) => {
        web('/x', { sub_tree: true })(it, 'check');
      }),
      '[WEB_RESOURCE_INVALID] Guard.check: this web resource cannot be served: there is no option "sub_tree". Did you mean "subtree"?',
    ],
    [
      'options of a web resource with wrong values',
      moduleClass((it) => {
        web('/x', { subtree: 'yes', kind: 'xml' })(it, 'check');
      }),
      '[WEB_RESOURCE_INVALID] Guard.check: this web resource cannot be served: subtree must be true or false; kind must be "json", "html" or "plain"',
    ],
    [
      'two methods for the same requests',
      moduleClass((it) => {
        web('/x', { method: 'GET' })(it, 'check');
        web('/x')(it, 'other');
      }),
      "[WEB_RESOURCE_INVALID] Guard: /x: this web resource cannot be served: check and other answer the same requests. Let each be a method for another HTTP method: { method: 'GET' }.",
    ],
    [
      'two methods of one resource that differ',
      moduleClass((it) => {
        web('/x', { method: 'GET', subtree: true })(it, 'check');
        web('/x', { method: 'PUT' })(it, 'other');
      }),
      '[WEB_RESOURCE_INVALID] Guard: /x: this web resource cannot be served: check and other are one resource: give them the same subtree and kind.',
    ],
    [
      'an unknown option of @Module',
      moduleClass(() => undefined, { confg: class {} }),
      '[MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: there is no option "confg". Did you mean "config"?',
    ],
    [
      'a config that is no class',
      moduleClass(() => undefined, { config: {} }),
      '[MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: config must be a class',
    ],
    [
      'services that are none',
      moduleClass(() => undefined, { services: [{ provide: 'x' }] }),
      '[MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: services[0] must be a class, a ContainerModule, or { provide, useClass | useValue | useFactory | useExisting }',
    ],
    [
      'a wrong policy',
      moduleClass(() => undefined, { timeout: '5s', mode: 'on', onFailure: 'panic', name: 1 }),
      `[MODULE_INVALID] Guard has 4 mistakes:
  [MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: timeout must be a number of milliseconds above 0
  [MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: mode must be "enforce", "audit" or "off"
  [MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: onFailure must be "allow", "deny" or "error", or { local, federated } of these
  [MODULE_OPTION_INVALID] @Module of Guard: its options are wrong: name must be a string`,
    ],
    [
      'everything at once',
      moduleClass((it, type) => {
        callback('spam_checker', 'check_event')(it, 'check');
        callback('spam', 'user_may_invite')(it, 'other');
        web('/x')(type, 'shared');
      }),
      `[MODULE_INVALID] Guard has 3 mistakes:
  [CALLBACK_UNKNOWN] Guard.check: spam_checker has no callback "check_event". Did you mean "check_event_for_spam"?
  [CATEGORY_UNKNOWN] Guard.other: there is no callback category "spam". Did you mean "spam_checker"?
  [STATIC_MEMBER] Guard.shared: @WebResource('/x') stands on a static member. Put it on a member of the instance.`,
    ],
  ];
  for (const [title, type, message] of table) {
    it(title, () => {
      assert.throws(() => describeModule(type), { name: 'VesicleError', blame: 'author', message });
    });
  }
});

describe('a description', () => {
  it('has a callback for each decorator of a method', () => {
    const type = moduleClass((it) => {
      callback('third_party_rules', 'on_new_event')(it, 'check');
      callback('account_data', 'on_account_data_updated', { timeout: 5 })(it, 'check');
    });
    assert.deepEqual(describeModule(type).callbacks, [
      { category: 'third_party_rules', name: 'on_new_event', method: 'check', options: {}, interceptors: [] },
      {
        category: 'account_data',
        name: 'on_account_data_updated',
        method: 'check',
        options: { timeout: 5 },
        interceptors: [],
      },
    ]);
  });

  it('calls the module what @Module says, or like its class', () => {
    assert.equal(describeModule(moduleClass(() => undefined)).name, 'Guard');
    assert.equal(describeModule(moduleClass(() => undefined, { name: 'guardian' })).name, 'guardian');
  });
});
