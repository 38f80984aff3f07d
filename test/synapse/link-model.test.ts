import { it } from 'node:test';
import fc from 'fast-check';
import { limits } from '../../src/synapse/protocol/protocol.js';
import { LinkModel } from '../support/link-model.js';
import { PlayedBridge } from '../support/played-bridge.js';
import { pythonIsMissing } from '../support/python-tools.js';

type Step = fc.AsyncCommand<LinkModel, PlayedBridge>;

/** Something that happens, if it can. */
function step(
  name: string,
  check: (model: Pick<LinkModel, 'link' | 'isDialling'>) => boolean,
  run: (model: LinkModel, bridge: PlayedBridge) => Promise<void>,
): Step {
  return { check: (model) => check(model), run, toString: () => name };
}

const entry = { module: './gate.ts', on_failure: { local: 'deny', federated: 'deny' } };

function registered(timeout: number | null): object {
  const entries = [{ ...entry, timeout }];
  return {
    callbacks: [
      { category: 'spam_checker', name: 'user_may_create_room_alias', entries },
      { category: 'third_party_rules', name: 'on_threepid_bind', entries },
    ],
    web: [],
  };
}

/** The module host is reached, refuses the modules, or is not there. */
function connect(how: 'loaded' | 'problems' | 'refused'): Step {
  return step(
    `connect: ${how}`,
    (model) => model.isDialling,
    async (model, bridge) => {
      model.connects(how);
      model.check(await bridge.order({ do: 'connect', how }), undefined, how === 'loaded' ? 'opening' : 'waiting');
    },
  );
}

/** `modules.open` is answered. */
function open(timeout: number | null, isRight: boolean): Step {
  return step(
    isRight ? `open, with a timeout of ${timeout} ms` : 'open: fails',
    ({ link }) => link?.openId !== undefined && link.openedAt === undefined && !link.isEndless,
    async (model, bridge) => {
      const { link } = model;
      if (link === undefined) return;
      const answer = isRight ? { result: registered(timeout) } : { error: { type: 'Error', message: 'no' } };
      if (isRight) link.openedAt = model.time;
      const report = await bridge.order({ do: 'send', frame: { id: link.openId, ...answer } });
      model.check(report, undefined, isRight ? 'ready' : 'waiting');
    },
  );
}

const ask = step(
  'ask',
  () => true,
  async (model, bridge) => {
    const number = ++model.questions;
    model.asks('ask', number);
    model.check(await bridge.order({ do: 'ask', number }));
  },
);

function tell(count: number, size: number): Step {
  return step(
    `tell ${count} of ${size} bytes`,
    () => true,
    async (model, bridge) => {
      const first = model.notifications + 1;
      model.notifications += count;
      for (let number = first; number < first + count; number++) model.asks('tell', number);
      if (model.link !== undefined) model.link.bytes += count * size;
      model.check(await bridge.order({ do: 'tell', first, count, size }));
    },
  );
}

/** A question is answered. */
function answer(index: number, verdict: 'accept' | 'deny' | 'error'): Step {
  const answers = {
    accept: { result: null },
    deny: { result: { errcode: 'M_FORBIDDEN' } },
    error: { error: { type: 'Error', message: 'the module threw' } },
  };
  return step(
    `answer ${index}: ${verdict}`,
    ({ link }) => link !== undefined && !link.isEndless && link.asked.size > 0,
    async (model, bridge) => {
      const one = model.answers('asked', index);
      if (one === undefined) return;
      const report = await bridge.order({ do: 'send', frame: { id: one.id, ...answers[verdict] } });
      model.check(report, verdict === 'accept' && model.isWaiting(one.number) ? one.number : undefined);
    },
  );
}

/** A notification is answered. */
function acknowledge(index: number): Step {
  return step(
    `acknowledge ${index}`,
    ({ link }) => link !== undefined && !link.isEndless && link.told.size > 0,
    async (model, bridge) => {
      const one = model.answers('told', index);
      if (one === undefined) return;
      model.acknowledge(one.number);
      model.check(await bridge.order({ do: 'send', frame: { id: one.id, result: null } }));
    },
  );
}

/** Frames that say nothing of the modules: they must not count for life. */
function chatter(frame: object): Step {
  return step(
    `chatter ${JSON.stringify(frame)}`,
    ({ link }) => link !== undefined && !link.isEndless,
    async (model, bridge) => {
      model.check(await bridge.order({ do: 'send', frame }), undefined, model.state);
    },
  );
}

/** Bytes of a frame that does not end. */
function bytes(count: number): Step {
  return step(
    `${count} bytes of an endless frame`,
    ({ link }) => link !== undefined,
    async (model, bridge) => {
      const { link } = model;
      if (link === undefined) return;
      const length = link.isEndless ? null : limits.frame;
      link.isEndless = true;
      link.bytes += count;
      model.check(await bridge.order({ do: 'bytes', length, count }), undefined, model.state);
    },
  );
}

const nonsense = step(
  'nonsense',
  ({ link }) => link !== undefined && !link.isEndless,
  async (model, bridge) => {
    model.check(await bridge.order({ do: 'bytes', length: limits.frame + 1, count: 1 }), undefined, 'waiting');
  },
);

/** The module host reads nothing for a while, and answers no pings. */
function block(blocked: boolean): Step {
  return step(
    blocked ? 'block' : 'go on',
    ({ link }) => link !== undefined,
    async (model, bridge) => {
      const isAnswered = !blocked && model.state === 'unresponsive' && model.link?.isEndless === false;
      const report = await bridge.order({ do: 'block', blocked });
      model.check(report, undefined, isAnswered ? 'ready' : model.state);
    },
  );
}

const lose = step(
  'lose',
  ({ link }) => link !== undefined,
  async (model, bridge) => {
    model.check(await bridge.order({ do: 'lose' }), undefined, 'waiting');
  },
);

function advance(seconds: number): Step {
  return step(
    `advance ${seconds} s`,
    () => true,
    async (model, bridge) => {
      model.check(await bridge.order({ do: 'advance', seconds }));
    },
  );
}

const index = fc.nat({ max: 5 });

const steps = fc.commands(
  [
    fc
      .constantFrom('loaded' as const, 'loaded' as const, 'loaded' as const, 'refused' as const, 'problems' as const)
      .map(connect),
    fc.constantFrom('loaded' as const).map(connect),
    fc.constantFrom(null, null, 3_000).map((timeout) => open(timeout, true)),
    fc.constantFrom(null, 20_000).map((timeout) => open(timeout, true)),
    fc.constant(open(null, false)),
    fc.constant(ask),
    fc
      .constantFrom([1, 10] as const, [1, 10] as const, [150, 10] as const, [1, 200_000] as const)
      .map(([count, size]) => tell(count, size)),
    fc
      .tuple(index, fc.constantFrom('accept' as const, 'deny' as const, 'error' as const))
      .map(([at, verdict]) => answer(at, verdict)),
    index.map(acknowledge),
    fc
      .constantFrom<object>(
        { id: 7, method: 'ping', params: {} },
        { method: 'log', params: { level: 'info', message: 'busy' } },
        { id: 999, result: null },
      )
      .map(chatter),
    fc.constantFrom(1, 1, 100_000).map(bytes),
    fc.constant(nonsense),
    fc.boolean().map(block),
    fc.constant(lose),
    fc.constantFrom(0.1, 0.3, 1, 2, 6, 11, 16, 60).map(advance),
    fc.constantFrom(0.3, 1).map(advance),
  ],
  { maxCommands: 40, size: 'max' },
);

it(
  'keeps its promises in 10,000 random orders of what Synapse, the connection and the module host do',
  { skip: await pythonIsMissing(), timeout: 300_000 },
  async () => {
    await using bridge = await PlayedBridge.start();
    const modules = [{ module: './gate.ts', on_failure: 'deny' }];
    const property = fc.asyncProperty(fc.constantFrom(0, 2, 1000), steps, async (queue, commands) => {
      const model = new LinkModel();
      model.check(await bridge.order({ do: 'begin', queue, modules }));
      await fc.asyncModelRun(() => ({ model, real: bridge }), commands);
      model.check(await bridge.order({ do: 'stop' }), undefined, 'stopped');
      model.checkEnd();
    });
    await fc.assert(property, { numRuns: 10_000, interruptAfterTimeLimit: 280_000, markInterruptAsFailure: true });
  },
);
