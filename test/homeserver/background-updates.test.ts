import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { BackgroundUpdatesConfig } from '../../src/config/homeserver/homeserver-sections.js';
import { Module } from '../../src/decorators/module.js';
import type { LoadedModule } from '../../src/loader/loaded-module.js';
import { type CrashingProcess, startCrashing } from '../support/crashing-process.js';
import { deferred } from '../support/deferred.js';
import type { TestUser } from '../support/embedded-homeserver.js';
import { makeOlder, makeOlderOwing, stateOfEvents } from '../support/older-file.js';
import { ManualTimers } from '../support/manual-timers.js';
import { RoomWorld } from '../support/room-world.js';
import { loaded } from '../support/module-host.js';

const backfill = 'events_contains_url';
const index = 'events_jump_to_date_index';
const status = '/_synapse/admin/v1/background_updates/status';
const enabled = '/_synapse/admin/v1/background_updates/enabled';

/** A controller that lets one iteration pass after the other when a test says so. */
class Gate {
  /** `update oneShot`, then `done` or the error, for each iteration. */
  readonly iterations: string[] = [];
  private waiting: (() => void) | undefined;
  private arrival = deferred();

  readonly module: LoadedModule;

  constructor(batchSize: number, passing: number) {
    let passes = passing;
    const callbacks = {
      on_update: async (name: string, database: string, oneShot: boolean) => ({
        enter: async () => {
          this.iterations.push(`${name} ${database} ${oneShot ? 'whole' : 'batch'}`);
          if (--passes < 0) await this.wait();
          return 0;
        },
        exit: async (error: unknown) => {
          this.iterations.push(error instanceof Error ? error.message : 'done');
        },
      }),
      default_batch_size: async () => batchSize,
      min_batch_size: async () => batchSize,
    };
    @Module({ name: 'gate' })
    class Controller {
      constructor(api: ModuleApi) {
        api.registerBackgroundUpdateControllerCallbacks(callbacks);
      }
    }
    this.module = loaded(Controller);
  }

  /** Resolves when an iteration waits to be let pass. */
  async arrived(): Promise<void> {
    await this.arrival.promise;
  }

  pass(): void {
    this.arrival = deferred();
    this.waiting?.();
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.arrival.resolve(undefined);
    });
  }
}

/** The indexes that the first release did not have, in the order of their making. */
const indexes = ['events_depth_index', index, 'events_sender_index', 'events_type_index', 'events_url_index'];
const indexed = indexes.flatMap((name) => [`${name} master whole`, 'done']);

interface Room {
  readonly file: string;
  readonly admin: TestUser;
  readonly roomId: string;
  readonly pictures: readonly string[];
}

async function fileName(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-updates-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'homeserver.db');
}

/** A file of an older version with a room of 20 messages, every fourth a picture. */
async function olderFile(t: TestContext, makeOld: (file: string) => void = makeOlder): Promise<Room> {
  const file = await fileName(t);
  const world = await RoomWorld.open(t, { config: { databasePath: file } });
  const admin = await world.admin();
  const roomId = await world.hs.createRoom(admin);
  const pictures: string[] = [];
  for (let n = 0; n < 20; n++) {
    const isPicture = n % 4 === 3;
    const content = isPicture
      ? { msgtype: 'm.image', body: 'x', url: 'mxc://hs.test/a' }
      : { msgtype: 'm.text', body: 'x', url: n };
    const eventId = await world.send(admin, roomId, content);
    if (isPicture) pictures.push(eventId);
  }
  await world.hs.homeserver.close();
  makeOld(file);
  return { file, admin, roomId, pictures };
}

async function reopen(t: TestContext, { file }: Room, gate: Gate): Promise<RoomWorld> {
  return RoomWorld.open(t, { config: { databasePath: file }, modules: [gate.module] });
}

async function picturesIn(world: RoomWorld, { admin, roomId }: Room): Promise<unknown[]> {
  const filter = encodeURIComponent('{"contains_url":true}');
  const answer = await world.get(admin, `/rooms/${roomId}/messages?dir=f&limit=100&filter=${filter}`);
  return answer.listAt('chunk').map((event) => event['event_id']);
}

test('a new file owes nothing, and no module is asked', async (t) => {
  const file = await fileName(t);
  const gate = new Gate(5, Infinity);
  const world = await RoomWorld.open(t, { config: { databasePath: file }, modules: [gate.module] });
  const [alice] = await world.users('alice');
  await world.send(alice, await world.hs.createRoom(alice), { msgtype: 'm.image', body: 'x', url: 'mxc://hs.test/a' });
  await world.hs.homeserver.close();
  assert.deepEqual(gate.iterations, []);
  assert.deepEqual(stateOfEvents(file), { owed: [], hasIndex: true, missing: 0, withUrl: 1 });
});

test('an older file gets its column in batches and its index in one go, paced by the module', async (t) => {
  const room = await olderFile(t);
  const gate = new Gate(10, Infinity);
  const world = await reopen(t, room, gate);
  await world.hs.homeserver.idle();
  const batch = [`${backfill} master batch`, 'done'];
  assert.deepEqual(gate.iterations, [...batch, ...batch, ...batch, ...indexed]);
  assert.deepEqual((await world.get(room.admin, status)).body, { enabled: true, current_updates: {} });
  assert.deepEqual(await picturesIn(world, room), room.pictures);
  await world.hs.homeserver.close();
  assert.deepEqual(stateOfEvents(room.file), { owed: [], hasIndex: true, missing: 0, withUrl: 5 });
});

test('a file that owes what a later version asks for anew owes it once', async (t) => {
  const room = await olderFile(t, makeOlderOwing);
  const gate = new Gate(100, 0);
  const world = await reopen(t, room, gate);
  await gate.arrived();
  assert.deepEqual(await picturesIn(world, room), room.pictures, 'what is owed is not waited for');
  await world.hs.homeserver.close(0);
  gate.pass();
  assert.deepEqual(stateOfEvents(room.file).owed, [backfill, ...indexes]);
  const again = await reopen(t, room, new Gate(100, Infinity));
  await again.hs.homeserver.idle();
  assert.deepEqual(await picturesIn(again, room), room.pictures);
  await again.hs.homeserver.close();
  assert.deepEqual(stateOfEvents(room.file), { owed: [], hasIndex: true, missing: 0, withUrl: 5 });
});

test('requests are answered rightly while an update is under way, and administrators see and stop it', async (t) => {
  const room = await olderFile(t);
  const gate = new Gate(10, 1);
  const world = await reopen(t, room, gate);
  await gate.arrived();
  const shown = (await world.get(room.admin, status)).at('current_updates', 'master') as Record<string, unknown>;
  assert.deepEqual([shown['name'], shown['total_item_count']], [backfill, 10]);
  assert.ok(Number(shown['average_items_per_ms']) > 0);
  const picture = { msgtype: 'm.image', body: 'x', url: 'mxc://hs.test/b' };
  const added = await world.done(room.admin, 'PUT', `/rooms/${room.roomId}/send/m.room.message/later`, picture);
  assert.deepEqual(await picturesIn(world, room), [...room.pictures, added.textAt('event_id')]);
  assert.deepEqual((await world.done(room.admin, 'POST', enabled, { enabled: false })).body, { enabled: false });
  gate.pass();
  await world.hs.homeserver.idle();
  assert.equal(gate.iterations.length, 4, 'the iteration under way ends, no other begins');
  assert.deepEqual((await world.get(room.admin, status)).at('enabled'), false);
  await world.done(room.admin, 'POST', enabled, { enabled: true });
  await gate.arrived();
  assert.equal(gate.iterations.length, 5);
  await world.hs.homeserver.close(0);
});

test('a homeserver that is closed in the middle of an update goes on with it when it is opened again', async (t) => {
  const room = await olderFile(t);
  const first = new Gate(10, 2);
  const world = await reopen(t, room, first);
  await first.arrived();
  await world.hs.homeserver.close(0);
  first.pass();
  const { owed, missing } = stateOfEvents(room.file);
  assert.deepEqual(owed, [backfill, ...indexes]);
  assert.ok(missing > 0, 'not all rows are done');
  const second = new Gate(10, Infinity);
  const again = await reopen(t, room, second);
  await again.hs.homeserver.idle();
  assert.deepEqual(second.iterations, [`${backfill} master batch`, 'done', ...indexed]);
  assert.deepEqual(await picturesIn(again, room), room.pictures);
});

test('a homeserver that is killed in the middle of an update goes on after the last finished batch', async (t) => {
  const room = await olderFile(t);
  const child: CrashingProcess = startCrashing(t, 'updating-homeserver.js', [room.file, '10', '2']);
  assert.equal(await child.line(), 'iteration 3');
  await child.kill();
  const gate = new Gate(10, Infinity);
  const world = await reopen(t, room, gate);
  await world.hs.homeserver.idle();
  assert.deepEqual(gate.iterations, [`${backfill} master batch`, 'done', ...indexed]);
  assert.deepEqual(await picturesIn(world, room), room.pictures);
  await world.hs.homeserver.close();
  assert.deepEqual(stateOfEvents(room.file), { owed: [], hasIndex: true, missing: 0, withUrl: 5 });
});

test('without a controller the configuration paces updates', async (t) => {
  const room = await olderFile(t);
  const clock = new ManualTimers();
  const settings = { defaultBatchSize: 20, minBatchSize: 20, backgroundUpdateDurationMs: 0 };
  const backgroundUpdates = Object.assign(new BackgroundUpdatesConfig(), settings);
  const world = await RoomWorld.open(t, { config: { databasePath: room.file, backgroundUpdates }, clock });
  const { backgroundUpdates: updates } = world.hs.homeserver.services;
  const items: (number | undefined)[] = [];
  while (updates.currentUpdate?.name !== index) {
    await turn();
    items.push(updates.currentUpdate?.total_item_count);
    clock.advance(1000);
  }
  const idle = world.hs.homeserver.idle().then(() => 'idle');
  while ((await Promise.race([idle, turn().then(() => 'busy')])) !== 'idle') clock.advance(1000);
  assert.deepEqual([...new Set(items)], [0, 20]);
  await world.hs.homeserver.close();
  assert.deepEqual(stateOfEvents(room.file), { owed: [], hasIndex: true, missing: 0, withUrl: 5 });
});

test('an update that fails five times in a row is left for the next start', async (t) => {
  const room = await olderFile(t);
  let asked = 0;
  @Module()
  class Refusal {
    constructor(api: ModuleApi) {
      api.registerBackgroundUpdateControllerCallbacks({
        on_update: async () => {
          asked++;
          throw new Error('not now');
        },
      });
    }
  }
  const world = await RoomWorld.open(t, { config: { databasePath: room.file }, modules: [loaded(Refusal)] });
  await world.hs.homeserver.idle();
  assert.equal(asked, 5);
  assert.equal(world.hs.log.lines.filter(({ message }) => message === 'Error doing update').length, 5);
  await world.hs.homeserver.close();
  assert.deepEqual(stateOfEvents(room.file).owed, [backfill, ...indexes]);
});

test('the event nearest in time is found through the index', async (t) => {
  const world = await RoomWorld.open(t);
  const plan = world.hs.homeserver.context.database
    .all<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT * FROM events WHERE room_id = 'x' AND origin_server_ts >= 1 AND is_hidden = 0
       ORDER BY origin_server_ts, position LIMIT 1`,
    )
    .map(({ detail }) => detail);
  assert.equal(plan.length, 1);
  assert.match(plan[0] ?? '', new RegExp(index));
});
