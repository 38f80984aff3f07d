import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Module, ModuleApi } from '../../../src/index.js';
import { startHomeserver } from '../../../src/testing/index.js';

const noon = Date.parse('2026-01-31T12:00:00Z');

test('the clock stands still until it is moved, and events carry its time', async () => {
  await using hs = await startHomeserver({ modules: [], now: '2026-01-31T12:00:00Z' });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  const first = await alice.send(room, 'one');
  await hs.clock.advance('5m');
  const second = await alice.send(room, 'two');
  await hs.clock.advance(1500);
  const [one, two] = [await alice.event(room, first.eventId), await alice.event(room, second.eventId)];
  assert.deepEqual([one.origin_server_ts, two.origin_server_ts], [noon, noon + 300_000]);
  assert.deepEqual([one.unsigned?.['age'], two.unsigned?.['age']], [301_500, 1500]);
  assert.equal(hs.clock.now(), noon + 301_500);
});

test('the clock cannot go back, and says what is no duration or no time', async () => {
  await using hs = await startHomeserver({ modules: [] });
  await assert.rejects(hs.clock.advance(-1), RangeError);
  await assert.rejects(hs.clock.advance('soon'), /Bad duration suffix soon/);
  await assert.rejects(startHomeserver({ modules: [], now: 'noon' }), /"noon" is no time/);
});

test('rate limits follow the clock, and refusals for too many requests come at once', async () => {
  const config = { rc_message: { per_second: 0.1, burst_count: 1 } };
  await using hs = await startHomeserver({ modules: [], config });
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  await alice.send(room, 'one');
  const refused = await alice.send(room, 'two');
  assert.equal(refused.errcode, 'M_LIMIT_EXCEEDED');
  await hs.clock.advance(Number(refused.body['retry_after_ms']));
  assert.equal((await alice.send(room, 'two')).status, 200);
});

test('access tokens that can be refreshed expire with the clock', async () => {
  const config = { refreshable_access_token_lifetime: '5m' };
  await using hs = await startHomeserver({ modules: [], config });
  const alice = await hs.register('alice', { refresh_token: true });
  const whoami = '/_matrix/client/v3/account/whoami';
  await hs.clock.advance('4m');
  assert.equal((await alice.request('GET', whoami)).status, 200);
  await hs.clock.advance('2m');
  assert.equal((await alice.request('GET', whoami)).errcode, 'M_UNKNOWN_TOKEN');
});

test('background calls come each at its time, and their work is done when the clock stops', async () => {
  const seen: [what: string, minute: number][] = [];
  @Module()
  class Timed {
    constructor(api: ModuleApi) {
      const note = async (what: string): Promise<void> => {
        seen.push([what, ((await api.getCurrentTimeMsec()) - noon) / 60_000]);
      };
      void api.loopingBackgroundCall(
        async () => {
          await note('begins');
          await api.sleep(90);
          await note('ends');
        },
        120_000,
        { desc: 'loop' },
      );
      void api.delayedBackgroundCall(180_000, () => note('delayed'));
    }
  }
  await using hs = await startHomeserver({ modules: [Timed], now: noon });
  await hs.clock.advance('6m');
  assert.deepEqual(seen, [
    ['begins', 2],
    ['delayed', 3],
    ['ends', 3.5],
    ['begins', 4],
    ['ends', 5.5],
    ['begins', 6],
  ]);
});

test('presence times out with the clock', async () => {
  await using hs = await startHomeserver({ modules: [] });
  const [alice, bob] = [await hs.user('alice'), await hs.user('bob')];
  await bob.join(await alice.createRoom({ preset: 'public_chat' }));
  await alice.setPresence('online');
  const presences = async (): Promise<readonly unknown[]> => {
    const { presence } = await bob.sync({ setPresence: 'offline' });
    return presence.filter(({ sender }) => sender === alice.userId).map((event) => event['content']);
  };
  const [{ presence } = { presence: undefined }] = (await presences()) as readonly { readonly presence: string }[];
  assert.equal(presence, 'online');
  await hs.clock.advance('10m');
  const states = (await presences()) as readonly { readonly presence: string }[];
  assert.equal(states.at(-1)?.presence, 'offline');
});

test('a long poll ends when the clock has passed its timeout', async () => {
  await using hs = await startHomeserver({ modules: [] });
  const alice = await hs.user('alice');
  await alice.sync({ setPresence: 'offline' });
  let isDone = false;
  const poll = alice.sync({ timeout: 30_000, setPresence: 'offline' }).then((news) => {
    isDone = true;
    return news;
  });
  await hs.clock.advance(29_999);
  assert.equal(isDone, false);
  await hs.clock.advance(1);
  assert.deepEqual((await poll).joined, []);
});

test('closing does not wait for what waits for the clock', async () => {
  @Module()
  class Sleeper {
    constructor(api: ModuleApi) {
      void api.runAsBackgroundProcess('sleeper', () => api.sleep(3600));
    }
  }
  const startedAt = performance.now();
  const hs = await startHomeserver({ modules: [Sleeper] });
  await hs.idle();
  await hs.close();
  assert.ok(performance.now() - startedAt < 1500);
});
