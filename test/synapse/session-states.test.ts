import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NOT_SPAM, type SpamVerdict } from '../../src/callbacks/spam-verdict.js';
import { inject, postConstruct } from 'inversify';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import { groupOf, type HostEvent, hostStates, type HostStateName } from '../../src/synapse/protocol/link-states.js';
import { protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { deferred, type Deferred } from '../support/deferred.js';
import { FakeBridge, homeserver, RemoteFailure } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';

let start: Deferred<undefined> = deferred();
let asked = 0;

@Module()
class Slow {
  constructor(@inject('config') private readonly config: { readonly slow?: boolean } = {}) {}

  @postConstruct()
  async open(): Promise<void> {
    if (this.config.slow === true) await start.promise;
  }

  @Callback('spam_checker', 'user_may_invite')
  async mayInvite(): Promise<SpamVerdict> {
    asked++;
    return NOT_SPAM;
  }
}

type Order = 'hello' | 'modules.load' | 'modules.open' | 'callback.invoke' | 'web.request' | 'function.call' | 'finish';

const params: Readonly<Record<Exclude<Order, 'finish'>, Readonly<Record<string, unknown>>>> = {
  hello: { protocol: protocolVersion, bridge: '0.1.0', synapse: '1.163.2' },
  'modules.load': { modules: [{ module: 'slow', config: { slow: true } }] },
  'modules.open': { ...homeserver },
  'callback.invoke': {
    callback: 'spam_checker.user_may_invite',
    args: ['@a:here.test', '@b:here.test', '!r:here.test'],
  },
  'web.request': { path: '/x', request: { request: 1, method: 'GET', uri: '/x' } },
  'function.call': { function: 1, response: {} },
};

/** The events that follow an order which is answered. */
const events: Readonly<Partial<Record<Order, readonly HostEvent[]>>> = {
  hello: ['greeted'],
  'modules.load': ['load', 'loaded'],
  'modules.open': ['open'],
  finish: ['opened'],
};

/** What the host does with a request, in words that a test can compare. */
async function outcome(answer: Promise<unknown>): Promise<'answer' | 'refuse' | 'close'> {
  try {
    await answer;
    return 'answer';
  } catch (error) {
    if (!(error instanceof RemoteFailure)) return 'close';
    if (error.message.includes('SYNAPSE_NOT_OPEN')) return 'refuse';
    return error.message.includes('SYNAPSE_PROTOCOL_BROKEN') ? 'close' : 'answer';
  }
}

/** A connection, and where it must be. */
class PlayedSession {
  state: HostStateName = 'new';
  private opening: Promise<unknown> = Promise.resolve();

  constructor(private readonly bridge: FakeBridge) {}

  /** Does one thing; returns whether the connection must be open after it. */
  async do(order: Order): Promise<boolean> {
    if (order === 'finish') await this.finish();
    else return await this.ask(order);
    return true;
  }

  private async finish(): Promise<void> {
    if (this.state !== 'opening') return;
    start.resolve(undefined);
    await this.opening;
    this.take('finish');
  }

  private async ask(order: Exclude<Order, 'finish'>): Promise<boolean> {
    const { answers, otherwise } = hostStates[this.state];
    const expected = answers.includes(groupOf(order)) ? 'answer' : otherwise;
    const before = asked;
    const answer = this.bridge.request(order, params[order]);
    // The modules are made until there is the order to finish.
    if (order === 'modules.open' && expected === 'answer') this.opening = answer.catch(() => undefined);
    else assert.equal(await outcome(answer), expected, `${order} while ${this.state}`);
    assert.equal(asked - before, order === 'callback.invoke' && this.state === 'open' ? 1 : 0);
    if (expected === 'answer') this.take(order);
    return expected !== 'close';
  }

  private take(order: Order): void {
    for (const event of events[order] ?? []) this.state = hostStates[this.state].next[event] ?? this.state;
  }
}

test('a session answers, refuses and closes in any order of requests as its table of states says', async (t) => {
  const { address } = await openTestHost(t, { slow: Slow });
  const orders = Object.keys({ ...params, finish: 0 }) as Order[];
  // In the right order at first, so that the later states are reached.
  const usual: readonly Order[] = ['hello', 'modules.load', 'modules.open', 'finish'];
  const run = fc.tuple(fc.nat({ max: usual.length }), fc.array(fc.constantFrom(...orders), { maxLength: 6 }));
  const seen = new Set<string>();
  const property = fc.asyncProperty(run, async ([count, others]) => {
    start = deferred();
    const bridge = await FakeBridge.connect(t, address);
    const session = new PlayedSession(bridge);
    for (const order of [...usual.slice(0, count), ...others]) {
      seen.add(`${order} ${session.state}`);
      if (!(await session.do(order))) break;
    }
    start.resolve(undefined);
    bridge.socket.destroy();
  });
  await fc.assert(property, { numRuns: 1_000 });
  for (const one of ['callback.invoke opening', 'callback.invoke open', 'web.request opening'])
    assert.ok(seen.has(one), one);
});
