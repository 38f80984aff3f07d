import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { startCrashing } from '../support/crashing-process.js';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import { RandomWorld, type WorldState } from '../support/random-world.js';
import { RoomWorld } from '../support/room-world.js';

const admin = '/_synapse/admin';
/** A room without a name yet. */
const unnamed = '';

/** What administrators see of the homeserver, in the words of the random world. */
async function observe(world: RoomWorld, observer: TestUser): Promise<WorldState> {
  const get = async (path: string): Promise<TestAnswer> => {
    const answer = await world.get(observer, path);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const users: Record<string, unknown> = {};
  for (const { name, displayname } of (await get(`${admin}/v2/users?limit=1000`)).listAt('users')) {
    if (name === observer.userId) continue;
    const devices = (await get(`${admin}/v2/users/${String(name)}/devices`)).at('total');
    const data = await get(`${admin}/v1/users/${String(name)}/accountdata`);
    const note = data.at('account_data', 'global', 'test.note', 'note') ?? null;
    users[String(name).slice(1, -':hs.test'.length)] = { displayName: displayname, devices, note };
  }
  const rooms: Record<string, unknown> = {};
  for (const { room_id: id, name } of (await get(`${admin}/v1/rooms?limit=1000`)).listAt('rooms')) {
    const roomId = String(id);
    const topic = (await get(`${admin}/v1/rooms/${roomId}`)).at('topic') ?? null;
    const members = (await get(`${admin}/v1/rooms/${roomId}/members`)).at('members') as string[];
    const filter = encodeURIComponent('{"types":["m.room.message"]}');
    const chunk = (await get(`${admin}/v1/rooms/${roomId}/messages?dir=f&limit=1000&filter=${filter}`)).listAt('chunk');
    rooms[typeof name === 'string' ? name : unnamed] = {
      topic,
      joined: members.map((member) => member.slice(1, -':hs.test'.length)).sort(),
      messages: chunk.map(({ content }) => (content as { body?: string }).body ?? null),
    };
  }
  return { users, rooms } as WorldState;
}

/** Has a homeserver do random things until it is killed; how many of them it acknowledged. */
async function killAfter(t: TestContext, file: string, seed: number, acknowledged: number, ms: number) {
  const child = startCrashing(t, 'random-homeserver.js', [file, String(seed)]);
  for (let count = 0; count < acknowledged; count++) assert.equal(await child.line(), 'done');
  const end = performance.now() + ms;
  while (performance.now() < end);
  const rest = await child.kill();
  assert.deepEqual(new Set(rest).size, rest.length === 0 ? 0 : 1, rest.join('\n'));
  return acknowledged + rest.length;
}

/** What may be there after so many acknowledged operations: the next one is done as well, or not, or is a room half made. */
function expected(seed: number, acknowledged: number): readonly WorldState[] {
  const world = new RandomWorld(seed);
  for (let count = 0; count < acknowledged; count++) world.next();
  const before = world.state;
  const { path, user } = world.next();
  if (!path.endsWith('/createRoom') || user === undefined) return [before, world.state];
  // Modules are asked between its first events, each of which is stored on its own, as in Synapse.
  const begun = [[], [user]].map((joined) => ({ [unnamed]: { topic: null, joined, messages: [] } }));
  return [before, world.state, ...begun.map((room) => ({ ...before, rooms: { ...before.rooms, ...room } }))];
}

test('a homeserver that is killed at any point has what it acknowledged, and at most one operation more', async (t) => {
  const point = fc.record({
    seed: fc.nat(),
    acknowledged: fc.integer({ min: 1, max: 120 }),
    microseconds: fc.integer({ min: 0, max: 4000 }),
  });
  const holds = fc.asyncProperty(point, async ({ seed, acknowledged, microseconds }) => {
    const folder = await mkdtemp(join(tmpdir(), 'vesicle-killed-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'homeserver.db');
    const done = await killAfter(t, file, seed, acknowledged, microseconds / 1000);
    const world = await RoomWorld.open(t, { config: { databasePath: file } });
    const seen = await observe(world, await world.admin('observer'));
    await world.hs.homeserver.close(0);
    const possible = expected(seed, done);
    if (!possible.some((state) => isDeepStrictEqual(state, seen))) assert.deepEqual(seen, possible[0]);
  });
  await fc.assert(holds, { numRuns: 8, endOnFailure: true });
});
