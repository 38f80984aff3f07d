import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertCleanLog, BridgedPlace, moduleFolder, until } from '../support/bridged-synapse.js';
import { writeChangedBridge } from '../support/changed-bridge.js';
import { MatrixClient } from '../support/matrix-client.js';
import { SynapseForks } from '../support/synapse-forks.js';
import { VesicleHost } from '../support/vesicle-host.js';

const sends = 1_400;
const senders = 14;
/** Milliseconds between two sends of one sender. */
const pace = 600;
/** Milliseconds within which each send must be answered: a timeout of 5 s, on a busy machine. */
const longest = 30_000;

interface Sent {
  readonly text: string;
  readonly status: number;
  readonly ms: number;
}

/** The module host of a place, and what happens to it. */
class Trouble {
  constructor(
    private readonly place: BridgedPlace,
    private readonly slow: string,
    private host: VesicleHost,
  ) {}

  /** All kinds of it, one after the other, until the sends are over. */
  async rage(isOver: () => boolean): Promise<void> {
    const kinds = ['kill', 'freeze', 'startSlowly', 'block'] as const;
    for (let round = 0; !isOver(); round++) {
      await this[kinds[round % kinds.length] ?? 'kill']();
      const before = (await this.place.diary()).length;
      const isTold = async (): Promise<boolean> => isOver() || (await this.place.diary()).length > before + 20;
      await until(isTold, 'events that are told again', 60_000);
    }
    await this.host[Symbol.asyncDispose]();
  }

  private async kill(): Promise<void> {
    await this.host.kill('SIGKILL');
    await delay(500);
    this.host = await VesicleHost.start(this.place.listen, moduleFolder);
  }

  private async freeze(): Promise<void> {
    this.host.signal('SIGSTOP');
    await delay(3_000);
    this.host.signal('SIGCONT');
  }

  private async startSlowly(): Promise<void> {
    await writeFile(this.slow, '');
    await this.kill();
    await delay(6_000);
    await rm(this.slow);
  }

  private async block(): Promise<void> {
    this.host.signal('SIGUSR2');
    await delay(3_000);
  }
}

async function sendAll(alice: MatrixClient, room: string): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const texts = Array.from({ length: sends }, (_, index) => (index % 3 === 0 ? `bad ${index}` : `good ${index}`));
  const queue = texts.values();
  const sender = async (): Promise<void> => {
    for (const text of queue) {
      const startedAt = performance.now();
      const { status } = await alice.send(room, text);
      sent.push({ text, status, ms: performance.now() - startedAt });
      await delay(pace);
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return sent;
}

it(
  'through kills, freezes, slow starts and blocked loops, a strict gate accepts nothing forbidden, and each event is told once or counted',
  { timeout: 300_000 },
  async () => {
    await using forks = await SynapseForks.open();
    const place = await BridgedPlace.make(forks);
    // A host counts as unresponsive after one second, not ten.
    await writeChangedBridge(place.folder, { pingEvery: 300, pongWithin: 1_000 });
    const slow = join(place.folder, 'slow');
    const modules = [{ module: './strict.ts', config: { diary: place.diaryFile, slow } }];
    const trouble = new Trouble(place, slow, await VesicleHost.start(place.listen, moduleFolder));
    await using synapse = await place.startSynapse({}, modules, {}, { PYTHONPATH: place.folder });
    const alice = await MatrixClient.register(synapse.url, 'alice');
    const room = await alice.createRoom();
    let isOver = false;
    const raging = trouble.rage(() => isOver);
    const sent = await sendAll(alice, room).finally(() => (isOver = true));
    await raging;

    assert.equal(sent.length, sends);
    const wrong = sent.filter(({ text, status }) => !(status === 403 || (status === 200 && text.startsWith('good'))));
    assert.deepEqual(wrong, []);
    const slowest = Math.max(...sent.map(({ ms }) => ms));
    assert.ok(slowest < longest, `one took ${slowest} ms`);
    const accepted = sent.filter(({ status }) => status === 200).map(({ text }) => text);
    assert.ok(accepted.length > 100, `only ${accepted.length} were accepted`);
    assert.deepEqual([...(await alice.texts(room))].sort(), [...accepted].sort());

    // A last host is told what is kept.
    await using _host = await VesicleHost.start(place.listen, moduleFolder);
    await until(async () => (await alice.send(room, 'good at last')).status === 200, 'an accepted message');
    await place.noted('told good at last');
    const told = (await place.diary()).filter((line) => line.startsWith('told'));
    assert.equal(new Set(told).size, told.length, 'told twice of one event');
    const untold = accepted.filter((text) => !told.includes(`told ${text}`)).length;
    const log = await synapse.output();
    const counts = [...log.matchAll(/(\d+) notifications were (?:dropped|under way)/g)].map(([, count]) =>
      Number(count),
    );
    const counted = counts.reduce((sum, count) => sum + count, 0);
    assert.ok(untold <= counted, `${untold} of ${accepted.length} were not told, ${counted} counted`);
    assert.equal((await alice.send(room, 'bad at last')).status, 403);
    assert.doesNotMatch(log, /Traceback|has no meaning: a bug/);
    for (const seen of [/is lost/, /does not respond/, /responds again/, /Connected with/]) assert.match(log, seen);
    await assertCleanLog(synapse);
  },
);
