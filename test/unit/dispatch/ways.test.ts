import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventDecision } from '../../../src/callbacks/third-party-rules.js';
import { type CallbackCategory, findRule } from '../../../src/callbacks/registry.js';
import type { AnyHandler } from '../../../src/callbacks/rule.js';
import { RegistrationBehaviour } from '../../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../../src/callbacks/spam-verdict.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { HostError } from '../../../src/errors/host-error.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { tuple } from '../../../src/matrix/tuple.js';
import { RecordingLog } from '../../support/recording-log.js';

const forbidden = { errcode: 'M_FORBIDDEN', fields: {} };
const allowed: EventDecision = { allowed: true, replacement: null };

/** What handlers of modules A, B, ... answer (an `Error` is thrown), what comes out, how many were asked, what is logged. */
interface Row {
  readonly of: `${CallbackCategory}.${string}`;
  readonly answers: readonly unknown[];
  readonly result: unknown;
  readonly asked?: number;
  readonly log?: readonly (RegExp | string)[];
}

const rows: readonly Row[] = [
  // first refusal: spam checkers
  { of: 'spam_checker.check_event_for_spam', answers: [], result: NOT_SPAM },
  { of: 'spam_checker.check_event_for_spam', answers: [NOT_SPAM, 'NOT_SPAM', false], result: NOT_SPAM },
  { of: 'spam_checker.check_event_for_spam', answers: [NOT_SPAM, true, NOT_SPAM], result: forbidden, asked: 2 },
  {
    of: 'spam_checker.check_event_for_spam',
    answers: [Codes.LIMIT_EXCEEDED],
    result: { errcode: 'M_LIMIT_EXCEEDED', fields: {} },
  },
  {
    of: 'spam_checker.check_event_for_spam',
    answers: [tuple(Codes.FORBIDDEN, { reason: 'x' })],
    result: { errcode: 'M_FORBIDDEN', fields: { reason: 'x' } },
  },
  { of: 'spam_checker.check_event_for_spam', answers: ['Go away'], result: { ...forbidden, message: 'Go away' } },
  {
    of: 'spam_checker.check_event_for_spam',
    answers: [null],
    result: forbidden,
    log: [/^warn A: .*for_spam gave an answer that is neither/],
  },
  { of: 'spam_checker.check_event_for_spam', answers: [[Codes.FORBIDDEN, {}]], result: forbidden, log: [/neither/] },
  { of: 'spam_checker.user_may_join_room', answers: [NOT_SPAM, true, NOT_SPAM], result: NOT_SPAM, asked: 3 },
  { of: 'spam_checker.user_may_join_room', answers: [false], result: forbidden },
  { of: 'spam_checker.user_may_join_room', answers: ['NOT_SPAM'], result: forbidden, log: [/neither/] },
  { of: 'spam_checker.user_may_join_room', answers: [undefined], result: forbidden, log: [/neither/] },
  { of: 'spam_checker.user_may_send_state_event', answers: [true], result: forbidden, log: [/neither/] },
  {
    of: 'spam_checker.user_may_send_state_event',
    answers: [tuple(Codes.LIMIT_EXCEEDED, {})],
    result: forbidden,
    log: [/neither/],
  },
  { of: 'spam_checker.check_login_for_spam', answers: [false], result: forbidden, log: [/neither/] },
  { of: 'spam_checker.check_media_file_for_spam', answers: [false, true, NOT_SPAM], result: forbidden, asked: 2 },
  { of: 'spam_checker.should_drop_federated_event', answers: [0, '', 'reason'], result: 'reason' },
  { of: 'spam_checker.check_username_for_spam', answers: [[], {}], result: false },
  {
    of: 'spam_checker.check_registration_for_spam',
    answers: [RegistrationBehaviour.ALLOW, RegistrationBehaviour.SHADOW_BAN, RegistrationBehaviour.DENY],
    result: RegistrationBehaviour.SHADOW_BAN,
    asked: 2,
  },
  {
    of: 'spam_checker.check_registration_for_spam',
    answers: ['deny'],
    result: TypeError,
    log: [/^error A: .* threw$/],
  },
  {
    of: 'spam_checker.user_may_invite',
    answers: [new SynapseError(429, 'slow'), NOT_SPAM],
    result: SynapseError,
    asked: 1,
    log: [],
  },
  {
    of: 'spam_checker.user_may_invite',
    answers: [new RangeError('x')],
    result: RangeError,
    log: [/^error A: spam_checker.user_may_invite threw$/],
  },
  // first replacement
  { of: 'third_party_rules.check_event_allowed', answers: [], result: allowed },
  {
    of: 'third_party_rules.check_event_allowed',
    answers: [[true, null], tuple(true, null), [null, 1], [0, []]],
    result: allowed,
    asked: 4,
  },
  {
    of: 'third_party_rules.check_event_allowed',
    answers: [
      [false, { a: 1 }],
      [true, null],
    ],
    result: { allowed: false, replacement: null },
    asked: 1,
  },
  {
    of: 'third_party_rules.check_event_allowed',
    answers: [
      [true, { a: 1 }],
      [false, null],
    ],
    result: { allowed: true, replacement: { a: 1 } },
    asked: 1,
  },
  { of: 'third_party_rules.check_event_allowed', answers: [true], result: HostError, log: [/threw/] },
  { of: 'third_party_rules.check_event_allowed', answers: [{ a: 1 }], result: HostError, log: [/threw/] },
  {
    of: 'third_party_rules.check_event_allowed',
    answers: [new SynapseError(400, 'no')],
    result: SynapseError,
    log: [],
  },
  // all
  { of: 'third_party_rules.on_create_room', answers: [false, 1, undefined], result: undefined, asked: 3 },
  {
    of: 'third_party_rules.on_create_room',
    answers: [new Error('x'), null],
    result: SynapseError,
    asked: 1,
    log: [/threw/],
  },
  {
    of: 'third_party_rules.on_new_event',
    answers: [new SynapseError(400, 'x'), null],
    result: undefined,
    asked: 2,
    log: [/^error A: .* threw$/],
  },
  {
    of: 'password_auth_provider.on_logged_out',
    answers: [new Error('x'), null],
    result: undefined,
    asked: 2,
    log: [/^warn A: .* threw$/],
  },
  {
    of: 'account_validity.on_user_login',
    answers: [null, new Error('x'), null],
    result: Error,
    asked: 2,
    log: [/^error B/],
  },
  // boolean gates
  {
    of: 'third_party_rules.check_can_deactivate_user',
    answers: [true, new SynapseError(400, 'x'), false],
    result: false,
    log: [/^error B/],
  },
  {
    of: 'third_party_rules.check_visibility_can_be_modified',
    answers: [null, 0],
    result: true,
    log: [/no boolean/, /no boolean/],
  },
  { of: 'password_auth_provider.is_3pid_allowed', answers: ['no', false], result: false, log: [/no boolean/] },
  {
    of: 'password_auth_provider.is_3pid_allowed',
    answers: [new SynapseError(400, 'x')],
    result: SynapseError,
    log: [/^error A/],
  },
  // first answer
  {
    of: 'password_auth_provider.get_username_for_registration',
    answers: [null, 3, 'bob', 'eve'],
    result: 'bob',
    asked: 3,
    log: [/no text/],
  },
  {
    of: 'password_auth_provider.check_3pid_auth',
    answers: [new Error('x'), ['@a:b', null], tuple('@a:b', null)],
    result: { userId: '@a:b', callback: null },
    log: [/^warn A/, /^warn B/],
  },
  { of: 'account_validity.is_user_expired', answers: [null, undefined, 0, true], result: false, asked: 3 },
  { of: 'account_validity.is_user_expired', answers: ['x'], result: true },
  { of: 'account_validity.is_user_expired', answers: [], result: undefined },
  { of: 'media_repository.get_media_config_for_user', answers: [null, {}, { a: 1 }], result: { a: 1 } },
  { of: 'media_repository.is_user_allowed_to_upload_media_of_size', answers: [1, null, true], result: false, asked: 2 },
  {
    of: 'media_repository.get_media_upload_limits_for_user',
    answers: [
      [
        { maxBytes: 1, timePeriodMs: 1 },
        { maxBytes: 2, timePeriodMs: 2 },
      ],
    ],
    result: [
      { maxBytes: 2, timePeriodMs: 2 },
      { maxBytes: 1, timePeriodMs: 1 },
    ],
  },
  { of: 'media_repository.get_media_upload_limits_for_user', answers: [[{}]], result: TypeError, log: [/threw/] },
  { of: 'media_repository.get_media_upload_limits_for_user', answers: [null, []], result: [] },
  { of: 'media_repository.get_media_upload_limits_for_user', answers: [tuple()], result: TypeError, log: [/threw/] },
  {
    of: 'ratelimit.get_ratelimit_override_for_user',
    answers: [null, { perSecond: 0, burstCount: 1 }],
    result: { perSecond: 0, burstCount: 1 },
  },
  // merge
  {
    of: 'presence_router.get_interested_users',
    answers: [new Set(['@a:b']), ['@x:y'], new Set(['@c:d'])],
    result: new Set(['@a:b', '@c:d']),
    log: [/^warn B: .*no Set/],
  },
  {
    of: 'presence_router.get_interested_users',
    answers: [new Set(['@a:b']), 'ALL', new Set()],
    result: 'ALL',
    asked: 2,
  },
  {
    of: 'presence_router.get_interested_users',
    answers: [new Error('x'), new Set(['@a:b'])],
    result: new Set(['@a:b']),
    log: [/^warn A/],
  },
  {
    of: 'presence_router.get_users_for_states',
    answers: [
      new Map([['@a:b', new Set([1])]]),
      {},
      new Map<string, unknown>([
        ['@a:b', new Set([2])],
        ['@c:d', [1]],
        ['@e:f', new Set([3])],
      ]),
    ],
    result: new Map([['@a:b', new Set([1, 2])]]),
    log: [/^warn B: .*no Map/, /^warn C: .*@c:d that is no Set/],
  },
  {
    of: 'add_extra_fields_to_unsigned_client_event.add_field_to_unsigned_callback',
    answers: [{ a: 1, b: 1 }, { b: 2 }],
    result: { a: 1, b: 2 },
  },
  {
    of: 'add_extra_fields_to_unsigned_client_event.add_field_to_unsigned_callback',
    answers: [null],
    result: TypeError,
    log: [/threw/],
  },
];

describe('answers combine', () => {
  for (const isObserved of [false, true]) {
    for (const { of, answers, result, asked = answers.length, log: logged = [] } of rows) {
      it(`${of} of ${answers.map(String).join(', ')}${isObserved ? ', observed' : ''}`, async () => {
        const log = new RecordingLog();
        const dispatch = new Dispatcher({ log });
        if (isObserved) dispatch.observe(() => undefined);
        const [category, name] = of.split('.') as [CallbackCategory, string];
        let count = 0;
        for (const [index, answer] of answers.entries()) {
          const handler = async (): Promise<unknown> => {
            count++;
            if (answer instanceof Error) throw answer;
            return answer;
          };
          register(dispatch, 'ABCDE'.charAt(index), category, name, handler);
        }
        const ask = dispatch.ask.bind(dispatch) as (category: string, name: string) => Promise<unknown>;
        const question = ask(category, name);
        if (typeof result === 'function') await assert.rejects(question, result as new () => Error);
        else assert.deepEqual(await question, result);
        assert.equal(count, asked);
        assert.equal(log.texts.length, logged.length, log.texts.join('\n'));
        for (const [index, text] of log.texts.entries()) assert.match(text, new RegExp(logged[index] ?? ''));
      });
    }
  }
});

/** Registers one callback; the other half of a pair comes along. */
function register(
  dispatch: Dispatcher,
  module: string,
  category: CallbackCategory,
  name: string,
  handler: AnyHandler,
): void {
  const callbacks = [{ name, handler }];
  const pair = ['get_users_for_states', 'get_interested_users'];
  const other = pair.includes(name) ? pair.find((half) => half !== name) : undefined;
  if (other !== undefined) callbacks.push({ name: other, handler: async () => null });
  assert.ok(findRule(category, name));
  dispatch.register({ module, category, callbacks });
}
