import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallbackOptions } from '../../../src/callbacks/callback-options.js';
import type { AnyHandler } from '../../../src/callbacks/rule.js';
import { NOT_SPAM, type SpamOutcome } from '../../../src/callbacks/spam-verdict.js';
import { CallbackLost } from '../../../src/dispatch/callback-lost.js';
import { failuresToOpen, pauseMs } from '../../../src/dispatch/circuit-breaker.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import type { ObservedCall } from '../../../src/dispatch/observed-call.js';
import { Codes } from '../../../src/errors/matrix-codes.js';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import type { MutableJsonObject } from '../../../src/matrix/json.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { Requester } from '../../../src/matrix/requester.js';
import { ManualTimers } from '../../support/manual-timers.js';
import { RecordingLog } from '../../support/recording-log.js';

const forbidden = { errcode: 'M_FORBIDDEN', fields: {} };
const never: AnyHandler = () => new Promise(() => undefined);

class Setting {
  readonly log = new RecordingLog();
  readonly timers = new ManualTimers();
  readonly dispatch = new Dispatcher({
    log: this.log,
    now: this.timers.now,
    after: this.timers.after,
    isLocalUser: (userId) => userId.endsWith(':here'),
  });

  add(
    handler: AnyHandler,
    options: CallbackOptions,
    name = 'user_may_invite',
    category = 'spam_checker' as const,
  ): void {
    this.dispatch.register({ module: 'A', category, callbacks: [{ name, handler, options }] });
  }

  invite(inviter = '@alice:here'): Promise<SpamOutcome> {
    const { dispatch } = this;
    return dispatch.ask(
      'spam_checker',
      'user_may_invite',
      inviter as UserId,
      '@bob:here' as UserId,
      '!r:here' as RoomId,
    );
  }

  async inviteTimesOut(inviter?: string): Promise<SpamOutcome> {
    const answer = this.invite(inviter);
    await Promise.resolve();
    this.timers.advance(100);
    return answer;
  }
}

describe('a timeout', () => {
  const cases: readonly (readonly [CallbackOptions['onFailure'], string, unknown])[] = [
    [undefined, '@alice:here', /^Error: \[DISPATCH_TIMEOUT\] A: spam_checker.user_may_invite took longer than 100 ms/],
    [undefined, '@alice:there', NOT_SPAM],
    ['allow', '@alice:here', NOT_SPAM],
    ['deny', '@alice:there', forbidden],
    ['error', '@alice:there', /DISPATCH_TIMEOUT/],
    [{ local: 'deny', federated: 'allow' }, '@alice:here', forbidden],
    [{ local: 'deny', federated: 'allow' }, '@alice:there', NOT_SPAM],
  ];
  for (const [onFailure, inviter, result] of cases) {
    it(`with onFailure ${JSON.stringify(onFailure)} of ${inviter} gives ${String(result)}`, async () => {
      const setting = new Setting();
      setting.add(never, { timeout: 100, ...(onFailure && { onFailure }) });
      if (result instanceof RegExp)
        await assert.rejects(setting.inviteTimesOut(inviter), { message: /DISPATCH_TIMEOUT/ });
      else assert.deepEqual(await setting.inviteTimesOut(inviter), result);
      assert.match(setting.log.texts.join(), /spam_checker.user_may_invite (threw|failed, which counts as)/);
    });
  }

  it('leaves the callback to its end, unheard', async () => {
    const setting = new Setting();
    let finish: (error: Error) => void = () => undefined;
    let isDone = false;
    setting.add(
      () =>
        new Promise((_resolve, reject) => {
          finish = reject;
        }).finally(() => {
          isDone = true;
        }),
      { timeout: 100, onFailure: 'allow' },
    );
    assert.equal(await setting.inviteTimesOut(), NOT_SPAM);
    finish(new Error('late'));
    await new Promise(setImmediate);
    assert.equal(isDone, true);
  });

  it('that does not happen leaves no timer behind', async () => {
    const setting = new Setting();
    setting.add(async () => NOT_SPAM, { timeout: 100 });
    await setting.invite();
    assert.equal(setting.timers.count, 0);
  });
});

describe('a lost connection', () => {
  const lost: AnyHandler = async () => {
    throw new CallbackLost('the host is gone');
  };

  it('is handled as onFailure says', async () => {
    const setting = new Setting();
    setting.add(lost, { onFailure: 'deny' });
    assert.deepEqual(await setting.invite(), forbidden);
  });

  it('lets what came over federation pass unless something else is said', async () => {
    const setting = new Setting();
    setting.add(lost, {});
    assert.equal(await setting.invite('@eve:there'), NOT_SPAM);
    await assert.rejects(setting.invite(), CallbackLost);
  });
});

describe('an answer of the wrong shape', () => {
  it('counts as in Synapse when nothing is said', async () => {
    const setting = new Setting();
    setting.add(async () => 'yes', { timeout: 100 });
    assert.deepEqual(await setting.invite(), forbidden);
  });

  it('is handled as onFailure says', async () => {
    const setting = new Setting();
    setting.add(async () => 'yes', { onFailure: 'allow' });
    assert.equal(await setting.invite(), NOT_SPAM);
    assert.deepEqual(
      setting.log.texts.map((text) => text.slice(0, 50)),
      ['warn A: spam_checker.user_may_invite gave an answer', 'warn A: spam_checker.user_may_invite failed, which'].map(
        (text) => text.slice(0, 50),
      ),
    );
  });

  it('that would be thrown is handled as onFailure says too', async () => {
    const setting = new Setting();
    setting.dispatch.register({
      module: 'A',
      category: 'third_party_rules',
      callbacks: [{ name: 'check_event_allowed', handler: async () => true, options: { onFailure: 'deny' } }],
    });
    const ask = setting.dispatch.ask.bind(setting.dispatch) as (...args: unknown[]) => Promise<unknown>;
    const decision = await ask('third_party_rules', 'check_event_allowed', { sender: '@alice:here' });
    assert.deepEqual(decision, { allowed: false, replacement: null });
  });
});

describe('a throw', () => {
  it('means what it means in Synapse, whatever onFailure says', async () => {
    const setting = new Setting();
    setting.add(
      async () => {
        throw new SynapseError(429, 'slow');
      },
      { onFailure: 'allow', timeout: 100 },
    );
    await assert.rejects(setting.invite(), { status: 429 });
  });
});

describe('the circuit', () => {
  it('opens after timeouts in a row, lets one call through after a pause, and closes when it is answered', async () => {
    const setting = new Setting();
    let calls = 0;
    let isSlow = true;
    const handler: AnyHandler = () => {
      calls++;
      return isSlow ? never() : Promise.resolve(Codes.LIMIT_EXCEEDED);
    };
    setting.add(handler, { timeout: 100, onFailure: 'allow' });
    const circuit = (): string | undefined => setting.dispatch.registered()[0]?.circuit;
    for (let count = 0; count < failuresToOpen; count++) await setting.inviteTimesOut();
    assert.equal(circuit(), 'open');
    assert.equal(await setting.invite(), NOT_SPAM);
    assert.equal(calls, failuresToOpen);
    setting.timers.advance(pauseMs);
    assert.equal(circuit(), 'half-open');
    await setting.inviteTimesOut();
    assert.equal(circuit(), 'open');
    setting.timers.advance(pauseMs);
    isSlow = false;
    assert.deepEqual(await setting.invite(), { errcode: 'M_LIMIT_EXCEEDED', fields: {} });
    assert.equal(circuit(), 'closed');
    assert.deepEqual(
      setting.log.lines.filter((line) => 'circuit' in line.fields).map((line) => `${line.level} ${line.message}`),
      [
        'warn A: spam_checker.user_may_invite is not called for a while, after failing repeatedly',
        'warn A: spam_checker.user_may_invite is called again',
      ],
    );
  });

  it('stays closed however often a callback throws', async () => {
    const setting = new Setting();
    setting.add(
      async () => {
        throw new Error('x');
      },
      { timeout: 100 },
    );
    for (let count = 0; count <= failuresToOpen; count++) await assert.rejects(setting.invite());
    assert.equal(setting.dispatch.registered()[0]?.circuit, 'closed');
  });
});

describe('a mode', () => {
  it('audit runs the callback, says what it would have answered, and asks the next', async () => {
    const setting = new Setting();
    setting.add(async () => Codes.FORBIDDEN, { mode: 'audit' });
    setting.add(async () => Codes.LIMIT_EXCEEDED, {});
    assert.deepEqual(await setting.invite(), { errcode: 'M_LIMIT_EXCEEDED', fields: {} });
    assert.deepEqual(setting.log.lines, [
      {
        level: 'info',
        message: 'A: spam_checker.user_may_invite would have answered',
        fields: {
          module: 'A',
          callback: 'spam_checker.user_may_invite',
          user: '@alice:here',
          room: '!r:here',
          result: forbidden,
        },
      },
    ]);
  });

  it('audit swallows throws and changes no argument', async () => {
    const setting = new Setting();
    setting.dispatch.register({
      module: 'A',
      category: 'third_party_rules',
      callbacks: [
        {
          name: 'on_create_room',
          handler: async (_requester, config: MutableJsonObject) => {
            config['name'] = 'changed';
            throw new SynapseError(400, 'no');
          },
          options: { mode: 'audit' },
        },
      ],
    });
    const config = { name: 'mine' };
    await setting.dispatch.ask('third_party_rules', 'on_create_room', {} as Requester, config, false);
    assert.deepEqual(config, { name: 'mine' });
    assert.match(setting.log.texts.join(), /info A: third_party_rules.on_create_room would have thrown/);
  });

  it('off asks nobody', async () => {
    const setting = new Setting();
    setting.add(async () => Codes.FORBIDDEN, { mode: 'off' });
    assert.equal(setting.dispatch.isAsked('spam_checker', 'user_may_invite'), false);
    assert.equal(await setting.invite(), NOT_SPAM);
    assert.equal(setting.dispatch.registered()[0]?.mode, 'off');
  });
});

describe('options', () => {
  const refused: readonly (readonly [options: object, problem: RegExp])[] = [
    [{ timeout: 0 }, /timeout must be a number of milliseconds above 0/],
    [{ timeout: '5s' }, /timeout must be/],
    [{ mode: 'on' }, /mode must be "enforce", "audit" or "off"/],
    [{ onFailure: 'panic' }, /onFailure must be "allow", "deny" or "error", or \{ local, federated \}/],
    [{ onFailure: { local: 'deny' } }, /onFailure must be/],
    [{ whn: {} }, /there is no option "whn". Did you mean "when"\?/],
    [{ when: { typ: 'x' } }, /when has no test "typ". Did you mean "type"\?/],
    [{ mode: 1, timeout: -1 }, /timeout.*; mode|mode.*; timeout/],
  ];
  for (const [options, message] of refused) {
    it(`like ${JSON.stringify(options)} are refused`, () => {
      assert.throws(
        () => {
          new Setting().add(never, options);
        },
        { code: 'CALLBACK_OPTION_INVALID', message },
      );
    });
  }

  it('cannot deny where nothing can be refused', () => {
    const callbacks = [{ name: 'on_new_event', handler: never, options: { onFailure: 'deny' as const } }];
    assert.throws(() => new Setting().dispatch.register({ module: 'A', category: 'third_party_rules', callbacks }), {
      message: /onFailure cannot be "deny", since this callback refuses nothing/,
    });
  });
});

describe('observing', () => {
  const observed = async (answer: unknown, options: CallbackOptions = {}): Promise<ObservedCall> => {
    const setting = new Setting();
    const calls: ObservedCall[] = [];
    const stop = setting.dispatch.observe((call) => calls.push(call));
    setting.add(async () => {
      setting.timers.advance(3);
      if (answer instanceof Error) throw answer;
      return answer;
    }, options);
    await setting.invite().catch(() => undefined);
    stop();
    await setting.invite().catch(() => undefined);
    assert.equal(calls.length, 1);
    return calls[0] ?? assert.fail();
  };

  it('tells who was asked what, the answer, the result and the time', async () => {
    const { duration, ...call } = await observed(Codes.FORBIDDEN);
    assert.ok(duration >= 0);
    assert.deepEqual(call, {
      module: 'A',
      category: 'spam_checker',
      name: 'user_may_invite',
      args: ['@alice:here', '@bob:here', '!r:here'],
      user: '@alice:here',
      answer: Codes.FORBIDDEN,
      result: forbidden,
      isRefusal: true,
      mode: 'enforce',
      startedAt: 0,
    });
  });

  it('tells what did not refuse', async () => {
    const call = await observed(NOT_SPAM);
    assert.equal(call.isRefusal, false);
    assert.equal('result' in call, false);
  });

  it('tells throws, which refuse when they reach the client', async () => {
    const error = new SynapseError(403, 'no');
    assert.deepEqual(await observed(error).then((call) => [call.error, call.isRefusal]), [error, true]);
    assert.equal((await observed(new Error('x'))).isRefusal, false);
  });

  it('tells what was only audited', async () => {
    assert.equal((await observed(Codes.FORBIDDEN, { mode: 'audit' })).mode, 'audit');
  });

  it('tells what was left out, and why', async () => {
    const off = await observed(Codes.FORBIDDEN, { mode: 'off' });
    assert.deepEqual([off.skipped, off.mode, 'answer' in off, off.isRefusal], ['off', 'off', false, false]);
    const unfit = await observed(Codes.FORBIDDEN, { when: { sender: '@bob:here' } });
    assert.deepEqual([unfit.skipped, unfit.mode, 'answer' in unfit], ['when', 'enforce', false]);
  });

  it('cannot harm: what an observer throws is logged', async () => {
    const setting = new Setting();
    setting.dispatch.observe(() => {
      throw new Error('x');
    });
    setting.add(async () => NOT_SPAM, {});
    assert.equal(await setting.invite(), NOT_SPAM);
    assert.deepEqual(setting.log.texts, ['error An observer of callbacks threw']);
  });
});
