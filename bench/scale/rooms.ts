import type { BenchRow } from '../bench-row.js';
import { growth, processorTime } from './growth.js';
import { type Person, textAt, World } from './world.js';

const roomCounts = [100, 1000] as const;
const syncs = 100;
const eventCounts = [10_000, 50_000] as const;
const pages = 20;

/** A `/sync` that has nothing to tell, of somebody who is in many rooms. */
export async function syncEmptyRooms(): Promise<BenchRow> {
  await using world = await World.open();
  const readers = new Map<number, { readonly reader: Person; readonly since: string }>();
  for (const count of roomCounts) {
    const reader = await world.register(`reader${String(count)}`);
    const owner = await world.register(`owner${String(count)}`);
    for (let made = 0; made < count; made++) world.addMembers(await world.createRoom(owner), [reader.userId]);
    readers.set(count, { reader, since: textAt(await sync(world, reader), 'next_batch') });
  }
  return await growth('sync-empty-rooms', 'rooms', roomCounts, async (count) => {
    const known = readers.get(count);
    if (known === undefined) throw new Error(`Nobody is in ${String(count)} rooms`);
    const { reader } = known;
    let since = textAt(await sync(world, reader, known.since), 'next_batch');
    const cost = await processorTime(async () => {
      for (let done = 0; done < syncs; done++) since = textAt(await sync(world, reader, since), 'next_batch');
    });
    return cost / syncs;
  });
}

/** A page of a history that holds nothing of the type that is asked for. */
export function messagesFiltered(): Promise<BenchRow> {
  return inHistories('messages-filtered', { types: ['org.example.none'] }, 0);
}

async function inHistories(name: string, filter: object, expected: number): Promise<BenchRow> {
  await using world = await World.open();
  const reader = await world.register('reader');
  const rooms = new Map<number, string>();
  for (const count of eventCounts) {
    const roomId = await world.createRoom(reader);
    world.addMessages(roomId, reader.userId, count);
    rooms.set(count, roomId);
  }
  const query = `dir=b&limit=10&filter=${encodeURIComponent(JSON.stringify(filter))}`;
  return await growth(name, 'events', eventCounts, async (count) => {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(rooms.get(count) ?? '')}/messages?${query}`;
    const cost = await processorTime(async () => {
      for (let done = 0; done < pages; done++) {
        const { chunk } = await world.request(reader, 'GET', path);
        if (!Array.isArray(chunk) || chunk.length !== expected) throw new Error(JSON.stringify(chunk));
      }
    });
    return cost / pages;
  });
}

function sync(world: World, reader: Person, since?: string): ReturnType<World['request']> {
  const position = since === undefined ? '' : `&since=${since}`;
  return world.request(reader, 'GET', `/_matrix/client/v3/sync?timeout=0${position}`);
}
