import type { BenchRow } from '../bench-row.js';
import { growth, processorTime } from './growth.js';
import { type Person, World } from './world.js';

const sizes = [4000, 32_000] as const;
const searches = 20;

/** A search for a word that each of so many messages has: the newest ten. */
export async function searchCommonWord(): Promise<BenchRow> {
  return searchOf('search-common-word', 'recent');
}

/** The same for the ten in which it counts most; as in Synapse, 500 are looked at. */
export async function searchCommonWordBest(): Promise<BenchRow> {
  return searchOf('search-common-word-best', 'rank');
}

async function searchOf(name: string, orderBy: string): Promise<BenchRow> {
  const worlds = new Map<number, { readonly world: World; readonly reader: Person }>();
  try {
    for (const size of sizes) worlds.set(size, await roomOf(size));
    return await growth(name, 'messages', sizes, async (size) => {
      const { world, reader } = worlds.get(size) ?? fail(size);
      const cost = await processorTime(async () => {
        for (let count = 0; count < searches; count++) await search(world, reader, orderBy, size);
      });
      return cost / searches;
    });
  } finally {
    for (const { world } of worlds.values()) await world[Symbol.asyncDispose]();
  }
}

async function search(world: World, reader: Person, orderBy: string, expected: number): Promise<void> {
  const wanted = { search_term: 'morning', order_by: orderBy, filter: { limit: 10 } };
  const body = { search_categories: { room_events: wanted } };
  const answer = await world.request(reader, 'POST', '/_matrix/client/v3/search', body);
  const { count, results } = (answer as { search_categories: { room_events: { count: number; results: unknown[] } } })
    .search_categories.room_events;
  if (count !== expected || results.length !== 10) throw new Error(`${String(count)} messages were found`);
}

async function roomOf(size: number): Promise<{ readonly world: World; readonly reader: Person }> {
  const world = await World.open();
  const reader = await world.register('reader');
  const roomId = await world.createRoom(reader);
  world.addMessages(roomId, reader.userId, size);
  // The first search indexes them.
  await search(world, reader, 'recent', size);
  return { world, reader };
}

function fail(size: number): never {
  throw new Error(`No homeserver of ${String(size)} messages`);
}
