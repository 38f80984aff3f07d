import type { BenchRow } from '../bench-row.js';
import { collectGarbage, growth, processorTime } from './growth.js';
import { type Person, textAt, World } from './world.js';

const sizes = [50, 200] as const;
/** Answers that are measured at each size: their garbage, which is collected once in a while, is then a part of both. */
const answers = 1000;

/** A message to a room of 200, some of whom wait in `/sync`: what it costs until all of them have their answers. */
export async function fanOut(): Promise<BenchRow> {
  await using world = await World.open();
  const people: Person[] = [];
  for (let count = 0; count < Math.max(...sizes); count++) people.push(await world.register(`member${String(count)}`));
  const [speaker] = people;
  if (speaker === undefined) throw new Error('Nobody is there');
  const roomId = await world.createRoom(speaker);
  world.addMembers(
    roomId,
    people.slice(1).map(({ userId }) => userId),
  );
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message`;
  let sent = 0;
  return await growth('fan-out', 'waiting syncs', sizes, async (size) => {
    const messages = answers / size;
    let cost = 0;
    for (let count = 0; count < messages; count++) {
      const waiting = await Promise.all(people.slice(0, size).map((person) => waitFor(world, person)));
      collectGarbage();
      cost += await processorTime(async () => {
        const content = { msgtype: 'm.text', body: `Good morning, number ${String(sent)}` };
        await world.request(speaker, 'PUT', `${path}/${String(sent++)}`, content);
        for (const answer of await Promise.all(waiting.map(({ answered }) => answered))) {
          if (answer['rooms'] === undefined) throw new Error(`Nothing was told: ${JSON.stringify(answer)}`);
        }
      });
    }
    return cost / messages;
  });
}

/** A sync that waits; the promise resolves once it does. */
async function waitFor(world: World, person: Person): Promise<{ readonly answered: ReturnType<World['request']> }> {
  const filter = encodeURIComponent(JSON.stringify({ presence: { not_types: ['*'] } }));
  const path = `/_matrix/client/v3/sync?set_presence=offline&filter=${filter}`;
  const since = textAt(await world.request(person, 'GET', path), 'next_batch');
  const answered = world.request(person, 'GET', `${path}&timeout=60000&since=${since}`);
  await new Promise(setImmediate);
  return { answered };
}
