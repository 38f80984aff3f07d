import { AsyncSeriesBailHook } from 'tapable';
import type { CallbackOptions } from '../src/callbacks/callback-options.js';
import { NOT_SPAM } from '../src/callbacks/spam-verdict.js';
import { Dispatcher } from '../src/dispatch/dispatcher.js';
import type { Hook } from '../src/dispatch/hook.js';
import type { RoomId, UserId } from '../src/matrix/ids.js';
import { type BenchRow, benchRow } from './bench-row.js';
import { byTurns } from './measure.js';
import { silentLog } from '../src/log/silent-log.js';

type Joining = Hook<'spam_checker', 'user_may_join_room'>;
type Tapable = AsyncSeriesBailHook<[UserId, RoomId, boolean], unknown>;

const user = '@alice:here' as UserId;
const room = '!room:here' as RoomId;
const calls = 50_000;
const rounds = 21;

/** What asking costs, beside tapable's hook with as many taps: both call async functions that have nothing against it. */
export async function dispatch(): Promise<readonly BenchRow[]> {
  return [
    ...(await compareNobody()),
    await compare('dispatch/one', 1),
    await compare('dispatch/ten', 10),
    ...(await compareOptions()),
  ];
}

const options: Readonly<Record<string, CallbackOptions>> = {
  when: { when: { sender: { local: true } } },
  timeout: { timeout: 10_000 },
  'on-failure': { onFailure: 'error' },
  audit: { mode: 'audit' },
};

/** Ten callbacks, one of which has an option, or all of which are observed, beside ten without. */
async function compareOptions(): Promise<readonly BenchRow[]> {
  const hooks = Object.entries({ plain: {}, ...options, observer: {} }).map(
    ([name, option]) => [name, ourHook(10, option, name === 'observer')] as const,
  );
  const contestants = hooks.map(
    ([name, hook]) => [name, () => nanoseconds(() => hook.ask(user, room, false))] as const,
  );
  const figures = await byTurns(Object.fromEntries(contestants), rounds);
  const plain = figures['plain'] ?? NaN;
  return [...Object.keys(options), 'observer'].map((name) =>
    benchRow(`dispatch/ten-${name}`, figures[name] ?? NaN, 'ns', 'ten without', plain),
  );
}

async function compare(name: string, count: number): Promise<BenchRow> {
  const [hook, tapable] = [ourHook(count), tapableHook(count)];
  const figures = await byTurns(
    {
      ours: () => nanoseconds(() => hook.ask(user, room, false)),
      tapable: () => nanoseconds(() => tapable.promise(user, room, false)),
    },
    rounds,
  );
  return benchRow(name, figures['ours'] ?? NaN, 'ns', `tapable, ${count} taps`, figures['tapable'] ?? NaN);
}

/** Nobody registered: the homeserver looks at `isUsed` and goes on. */
async function compareNobody(): Promise<readonly BenchRow[]> {
  const [hook, tapable] = [ourHook(0), tapableHook(0)];
  const plain = { isUsed: false };
  const figures = await byTurns(
    {
      ours: async () => nanosecondsOfIf(hook),
      if: async () => nanosecondsOfIf(plain),
      tapable: () => nanoseconds(() => tapable.promise(user, room, false)),
    },
    rounds,
  );
  const ours = figures['ours'] ?? NaN;
  return [
    benchRow('dispatch/none', ours, 'ns', 'tapable, no taps', figures['tapable'] ?? NaN),
    benchRow('dispatch/none-if', ours, 'ns', 'an if', figures['if'] ?? NaN),
  ];
}

/** The option is that of the first callback. */
function ourHook(count: number, option?: CallbackOptions, isObserved = false): Joining {
  const dispatcher = new Dispatcher({ log: silentLog });
  if (isObserved) dispatcher.observe(() => undefined);
  for (let index = 0; index < count; index++) {
    const handler = async (): Promise<typeof NOT_SPAM> => NOT_SPAM;
    dispatcher.register({
      module: `module ${index}`,
      category: 'spam_checker',
      callbacks: [{ name: 'user_may_join_room', handler, ...(index === 0 && option && { options: option }) }],
    });
  }
  return dispatcher.hook('spam_checker', 'user_may_join_room');
}

function tapableHook(count: number): Tapable {
  const hook: Tapable = new AsyncSeriesBailHook(['userId', 'roomId', 'isInvited']);
  for (let index = 0; index < count; index++) hook.tapPromise(`module ${index}`, async () => undefined);
  return hook;
}

async function nanoseconds(call: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  for (let index = 0; index < calls; index++) await call();
  return Number(process.hrtime.bigint() - start) / calls;
}

function nanosecondsOfIf(hook: { readonly isUsed: boolean }): number {
  const repeats = calls * 100;
  let asked = 0;
  const start = process.hrtime.bigint();
  for (let index = 0; index < repeats; index++) if (hook.isUsed) asked++;
  const time = Number(process.hrtime.bigint() - start) / repeats;
  if (asked > 0) throw new Error('Somebody was asked.');
  return time;
}
