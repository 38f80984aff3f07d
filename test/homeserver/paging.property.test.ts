import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RoomEvent } from '../../src/homeserver/rooms/model/room-event.js';
import type { RoomId, UserId } from '../../src/matrix/ids.js';
import { act, openActing } from '../support/acting-world.js';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import type { RoomWorld } from '../support/room-world.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const filter = encodeURIComponent(JSON.stringify({ types: ['m.room.message'] }));

/** What one page showed, and the tokens around it. */
interface Page {
  readonly ids: readonly string[];
  readonly end: string | undefined;
}

/** Reads a room's history. */
class Reader {
  constructor(
    private readonly world: RoomWorld,
    private readonly user: TestUser,
    private readonly roomId: string,
  ) {}

  async get(path: string): Promise<TestAnswer> {
    const answer = await this.world.get(this.user, path);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  }

  async page(query: string): Promise<Page> {
    const answer = await this.get(`/rooms/${this.roomId}/messages?${query}`);
    const end = answer.at('end');
    return { ids: idsIn(answer), end: typeof end === 'string' ? end : undefined };
  }

  /** All pages from a place on, of these sizes in turn; at most as many as a room here can have. */
  async pages(query: string, limits: readonly number[], from?: string): Promise<readonly Page[]> {
    const pages: Page[] = [];
    let token = from;
    for (let count = 0; count < 200; count++) {
      const limit = String(limits[count % limits.length]);
      const page = await this.page(`${query}&limit=${limit}${token === undefined ? '' : `&from=${token}`}`);
      if (page.end === undefined) return pages;
      pages.push(page);
      token = page.end;
    }
    return assert.fail('the pages do not end');
  }
}

function idsIn(answer: TestAnswer, key = 'chunk'): readonly string[] {
  return answer.listAt(key).map((event) => String(event['event_id']));
}

const idsOf = (events: readonly RoomEvent[]): string[] => events.map(({ eventId }) => eventId);
const shownIn = (pages: readonly Page[]): string[] => pages.flatMap(({ ids }) => ids);

test('pages of a history with branches hold each event once, in the order in which they were made', async (t) => {
  const folder = await temporaryFolder(t);
  let file = 0;
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  const holds = fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), sizes, async (acts, limits) => {
    const acting = await openActing(t, join(folder, `${String(++file)}.db`));
    const { world } = acting;
    const [alice, bob, , dave] = await world.users('alice', 'bob', 'carol', 'dave');
    const roomId = await world.hs.createRoom(alice, { preset: 'public_chat' });
    await world.join(bob, roomId);
    await world.join(dave, roomId);
    acting.begin(roomId as RoomId);
    for (const each of acts) await acting.perform(each);
    const { events, visibility } = world.hs.homeserver.services.rooms;
    const stored = events.read({ roomId: roomId as RoomId, direction: 'f', limit: 1000 });
    const seen = new Set(visibility.filter(dave.userId as UserId, stored).map(({ event }) => event));
    const made = stored.filter((event) => seen.has(event));
    made.sort((one, other) => one.depth - other.depth || one.position - other.position);
    const all = idsOf(made);
    const reader = new Reader(world, dave, roomId);

    const back = await reader.pages('dir=b', limits);
    assert.deepEqual(shownIn(back), all.toReversed());
    assert.deepEqual(shownIn(await reader.pages('dir=f', limits)), all);
    await checkWaysBack(reader, back, all, limits);

    const messages = idsOf(made.filter(({ type }) => type === 'm.room.message'));
    const some = `&filter=${filter}`;
    assert.deepEqual(shownIn(await reader.pages(`dir=b${some}`, limits)), messages.toReversed());
    assert.deepEqual(shownIn(await reader.pages(`dir=f${some}`, limits)), messages);

    await checkFirstSync(reader, roomId, made, limits[0] ?? 1);
    for (const event of made) await checkContext(reader, roomId, event, made);
    await world.hs.homeserver.close();
  });
  await fc.assert(holds, { numRuns: 20 });
});

/** From the end of each page on, the other way leads over what the pages so far showed, and on over the rest. */
async function checkWaysBack(
  reader: Reader,
  back: readonly Page[],
  all: readonly string[],
  limits: readonly number[],
): Promise<void> {
  let shown = 0;
  for (const { ids, end } of back) {
    shown += ids.length;
    const rest = all.length - shown;
    assert.deepEqual(shownIn(await reader.pages('dir=f', limits, end)), all.slice(rest));
    assert.deepEqual(shownIn(await reader.pages('dir=b', limits, end)), all.slice(0, rest).reverse());
  }
}

/** A first sync shows the end of the history; before it lies what came up to its first event, by depth. */
async function checkFirstSync(
  reader: Reader,
  roomId: string,
  made: readonly RoomEvent[],
  limit: number,
): Promise<void> {
  const wanted = encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }));
  const answer = await reader.get(`/sync?filter=${wanted}`);
  const timeline = answer.at('rooms', 'join', roomId, 'timeline') as {
    readonly events: readonly { readonly event_id: string }[];
    readonly prev_batch: string;
  };
  const shown = made.slice(-limit);
  assert.deepEqual(
    timeline.events.map((event) => event.event_id),
    idsOf(shown),
  );
  const first = shown[0]?.position ?? 0;
  const older = idsOf(made.filter(({ position }) => position < first)).reverse();
  const { ids } = await reader.page(`dir=b&limit=1000&from=${timeline.prev_batch}`);
  assert.deepEqual(ids, older);
}

/** Around an event is what is less deep and what comes after it; pages go on from both ends. */
async function checkContext(
  reader: Reader,
  roomId: string,
  event: RoomEvent,
  made: readonly RoomEvent[],
): Promise<void> {
  const before = made.filter(
    ({ depth, position }) => depth < event.depth - 1 || (depth === event.depth - 1 && position <= event.position),
  );
  const after = made.slice(made.indexOf(event) + 1);
  const answer = await reader.get(`/rooms/${roomId}/context/${event.eventId}?limit=4`);
  const lastTwo = before.slice(-2);
  assert.deepEqual(idsIn(answer, 'events_before'), idsOf(lastTwo).reverse());
  assert.deepEqual(idsIn(answer, 'events_after'), idsOf(after.slice(0, 2)));
  const older = await reader.page(`dir=b&limit=1000&from=${answer.textAt('start')}`);
  assert.deepEqual(older.ids, idsOf(before.slice(0, before.length - lastTwo.length)).reverse());
  const newer = await reader.page(`dir=f&limit=1000&from=${answer.textAt('end')}`);
  assert.deepEqual(newer.ids, idsOf(after.slice(2)));
}
