import type { BenchRow } from '../bench-row.js';
import { growth, processorTime } from './growth.js';
import { type Person, World } from './world.js';

const sizes = [1000, 8000] as const;
const searches = 20;
const found = 10;

/** A search of the user directory that finds ten users, among those who are in one public room with the one who searches. */
export async function directoryUsers(): Promise<BenchRow> {
  const worlds = new Map<number, { readonly world: World; readonly reader: Person }>();
  try {
    for (const size of sizes) worlds.set(size, await crowdOf(size));
    return await growth('directory-users', 'users', sizes, async (size) => {
      const { world, reader } = worlds.get(size) ?? fail(size);
      const cost = await processorTime(async () => {
        for (let count = 0; count < searches; count++) await search(world, reader);
      });
      return cost / searches;
    });
  } finally {
    for (const { world } of worlds.values()) await world[Symbol.asyncDispose]();
  }
}

async function search(world: World, reader: Person): Promise<void> {
  const body = { search_term: 'zebra', limit: 50 };
  const { results } = await world.request(reader, 'POST', '/_matrix/client/v3/user_directory/search', body);
  const count = Array.isArray(results) ? results.length : 0;
  if (count !== found) throw new Error(`${String(count)} users were found`);
}

async function crowdOf(size: number): Promise<{ readonly world: World; readonly reader: Person }> {
  const world = await World.open();
  const reader = await world.register('reader');
  const roomId = await world.createRoom(reader);
  const step = size / found;
  const nameOf = (index: number): string => (index % step === 0 ? `Zebra ${String(index)}` : `Member ${String(index)}`);
  world.addMembers(roomId, world.addUsers('member', size, nameOf));
  await search(world, reader);
  return { world, reader };
}

function fail(size: number): never {
  throw new Error(`No homeserver of ${String(size)} users`);
}
