import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModuleApi } from '../../src/module-api/module-api.js';
import type { SpamVerdict } from '../../src/callbacks/spam-verdict.js';
import type { EventAllowed } from '../../src/callbacks/third-party-rules.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import type { JsonObject } from '../../src/matrix/json.js';
import type { UserId } from '../../src/matrix/ids.js';
import { deferred } from '../support/deferred.js';
import { FakeBridge, RemoteFailure } from '../support/fake-bridge.js';
import { heapAfterCollection } from '../support/heap.js';
import { anyError, anyThing, type Maker } from '../support/hostile-values.js';
import { openTestHost } from '../support/module-host-process.js';

const rounds = 50_000;
const atOnce = 500;

/** A module that answers and throws what the test says. */
@Module()
class Odd {
  static readonly makers = [
    ...fc.sample(anyThing(), { numRuns: 1000, seed: 1 }),
    ...fc.sample(
      anyError(() => new SynapseError(403, 'no', 'M_FORBIDDEN')),
      { numRuns: 500, seed: 2 },
    ),
  ];
  static turn = 0;
  static readonly patience = deferred<string>();

  constructor(private readonly api: ModuleApi) {}

  @Callback('spam_checker', 'check_event_for_spam')
  async check(): Promise<SpamVerdict> {
    return this.odd() as SpamVerdict;
  }

  @Callback('third_party_rules', 'check_event_allowed')
  async replace(): Promise<EventAllowed> {
    return [true, { type: 'm.room.message', content: this.odd() as JsonObject }];
  }

  @Callback('add_extra_fields_to_unsigned_client_event', 'add_field_to_unsigned_callback')
  async add(): Promise<JsonObject> {
    return this.odd() as JsonObject;
  }

  @Callback('account_validity', 'is_user_expired')
  async isExpired(): Promise<boolean> {
    await this.api.storeRemote3pidAssociation(this.odd() as UserId, this.odd() as string, 'a', this.odd() as string);
    return true;
  }

  @Callback('spam_checker', 'user_may_invite')
  async ask(): Promise<SpamVerdict> {
    const questions = [
      () => this.api.getUserinfoById('@a:here.test' as UserId),
      () => this.api.isUserAdmin('@a:here.test' as UserId),
      () => this.api.getThreepidsForUser('@a:here.test' as UserId),
      () => this.api.runDbInteraction('odd', (transaction) => transaction.execute('SELECT ?', [this.odd() as string])),
    ];
    const answer: unknown = await questions[Odd.turn++ % questions.length]?.();
    return answer as SpamVerdict;
  }

  @Callback('password_auth_provider', 'is_3pid_allowed')
  async patient(): Promise<boolean> {
    return (await Odd.patience.promise) === 'the end';
  }

  private odd(): unknown {
    const value = Odd.makers[Odd.turn++ % Odd.makers.length]?.();
    // As often thrown as answered.
    if (Odd.turn % 3 === 0) throw value;
    return value;
  }
}

const event = { event_id: '$e', room_id: '!r:here.test', room_version: '11', pdu: { type: 'm.room.message' } };
const calls: readonly (readonly [callback: string, ...args: unknown[]])[] = [
  ['spam_checker.check_event_for_spam', event],
  ['third_party_rules.check_event_allowed', event, { state: 1 }],
  ['add_extra_fields_to_unsigned_client_event.add_field_to_unsigned_callback', event],
  ['account_validity.is_user_expired', '@a:here.test'],
  ['spam_checker.user_may_invite', '@a:here.test', '@b:here.test', '!r:here.test'],
];

test('50,000 odd answers and errors of modules and of Synapse lose no other call, and the memory stays flat', async (t) => {
  const { address, log } = await openTestHost(t, { Odd });
  const odd = fc.sample(fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('$vesicle', 'value'), fc.jsonValue())), {
    numRuns: 1000,
    seed: 3,
  });
  let answered = 0;
  const bridge = await FakeBridge.open(t, address, [{ module: 'Odd' }], {
    answers: () => {
      const wire = odd[answered++ % odd.length];
      if (answered % 3 === 0) throw new RemoteFailure(wire as never);
      return wire;
    },
  });
  const patient = bridge.invoke('password_auth_provider.is_3pid_allowed', 'email', 'a@here.test', false);
  let settled = 0;
  let heapBefore = 0;
  for (let round = 0; round < rounds; round += atOnce) {
    const batch = Array.from({ length: atOnce }, (_, index) => {
      const [callback, ...args] = calls[(round + index) % calls.length] ?? ['?'];
      return bridge.invoke(callback, ...args);
    });
    settled += (await Promise.allSettled(batch)).length;
    bridge.notices.length = 0;
    log.lines.length = 0;
    if (round === rounds / 10) heapBefore = heapAfterCollection();
  }
  const grown = heapAfterCollection() - heapBefore;
  Odd.patience.resolve('the end');
  assert.equal(await patient, true);
  assert.equal(settled, rounds);
  assert.ok(answered > rounds / 10, `${answered} requests of modules`);
  assert.ok(grown < 20_000_000, `the heap grew by ${grown} bytes`);
});

test('an answer that cannot be sent is refused with the module, the callback and the place', async (t) => {
  const { address, log } = await openTestHost(t, { Dated });
  const bridge = await FakeBridge.open(t, address, [{ module: 'Dated' }]);
  const cases: readonly (readonly [Maker, RegExp])[] = [
    [() => ({ sent: [new Date(0)] }), /sent\[0\] is a Date/],
    [() => ({ people: new Set() }), /people is a Set/],
    [() => ({ size: 10n ** 20n }), /size is a bigint/],
    [() => ({ act: () => 1 }), /act is a function/],
  ];
  for (const [make, place] of cases) {
    Dated.make = make;
    log.lines.length = 0;
    const answer = bridge.invoke('add_extra_fields_to_unsigned_client_event.add_field_to_unsigned_callback', event);
    await assert.rejects(answer, place);
    assert.match(log.texts.join('\n'), /Dated: add_extra_fields_to_unsigned_client_event\./);
    assert.match(log.texts.join('\n'), place);
  }
});

@Module()
class Dated {
  static make: Maker;

  @Callback('add_extra_fields_to_unsigned_client_event', 'add_field_to_unsigned_callback')
  async add(): Promise<JsonObject> {
    return Dated.make() as JsonObject;
  }
}
