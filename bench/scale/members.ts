import type { BenchRow } from '../bench-row.js';
import { growth, processorTime } from './growth.js';
import { type Person, World } from './world.js';

const sizes = [1000, 5000] as const;
const requests = 40;

interface Crowd {
  readonly world: World;
  readonly reader: Person;
  readonly roomPath: string;
  readonly messages: readonly string[];
}

const lazily = encodeURIComponent(JSON.stringify({ lazy_load_members: true }));
const lazySync = encodeURIComponent(
  JSON.stringify({ room: { state: { lazy_load_members: true }, timeline: { limit: 10 } } }),
);

/** `/context` with lazy loading: answers of one size, whoever is in the room. Somebody joins after half of the events. */
export function contextMembers(): Promise<BenchRow> {
  return inCrowds('context-members', async ({ world, reader, roomPath, messages }) => {
    for (const eventId of messages) {
      await world.request(reader, 'GET', `${roomPath}/context/${eventId}?limit=10&filter=${lazily}`);
    }
  });
}

/** `/context` with the whole state, which grows with the members. */
export function contextWhole(): Promise<BenchRow> {
  return inCrowds('context-whole', async ({ world, reader, roomPath, messages }) => {
    for (const eventId of messages) await world.request(reader, 'GET', `${roomPath}/context/${eventId}?limit=10`);
  });
}

/** A first `/sync` with lazy loading. */
export function syncLazyMembers(): Promise<BenchRow> {
  return inCrowds('sync-lazy-members', async ({ world, reader }) => {
    for (let count = 0; count < requests; count++) {
      await world.request(reader, 'GET', `/_matrix/client/v3/sync?filter=${lazySync}`);
    }
  });
}

/** What some requests cost in rooms with so many members, in milliseconds for one. */
async function inCrowds(name: string, work: (crowd: Crowd) => Promise<void>): Promise<BenchRow> {
  const crowds = new Map<number, Crowd>();
  try {
    for (const size of sizes) crowds.set(size, await crowdOf(size));
    return await growth(name, 'members', sizes, async (size) => {
      const crowd = crowds.get(size);
      if (crowd === undefined) throw new Error(`No room of ${String(size)}`);
      return (await processorTime(() => work(crowd))) / requests;
    });
  } finally {
    for (const { world } of crowds.values()) await world[Symbol.asyncDispose]();
  }
}

async function crowdOf(size: number): Promise<Crowd> {
  const world = await World.open();
  const reader = await world.register('reader');
  const roomId = await world.createRoom(reader);
  const users = world.addUsers('member', size, (index) => `Member ${String(index)}`);
  world.addMembers(roomId, users.slice(0, -1));
  const before = world.addMessages(roomId, users[0] ?? '', requests / 2);
  world.addMembers(roomId, users.slice(-1));
  const after = world.addMessages(roomId, users[1] ?? '', requests / 2);
  const roomPath = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  return { world, reader, roomPath, messages: [...before, ...after] };
}
