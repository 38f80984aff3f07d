import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RoomId } from '../../../src/index.js';
import { callInPlace, outsideOfChanges } from '../../../src/homeserver/rooms/sending/membership-change-place.js';
import { MembershipTurns } from '../../../src/homeserver/rooms/sending/membership-turns.js';

const waitsForItself = { code: 'ROOMS_MEMBERSHIP_WAITS_FOR_ITSELF' };
const roomId = (name: string | number): RoomId => `!${name}:hs.test` as RoomId;
const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('changes of one room come one after another, in their order, and those of other rooms at once', async () => {
  const turns = new MembershipTurns();
  const room = fc.integer({ min: 0, max: 2 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ room, fails: fc.boolean() }), { maxLength: 12 }), async (changes) => {
      const busy = new Set<number>();
      const done: [number, number][] = [];
      const takes = changes.map(({ room, fails }, index) =>
        turns.take(roomId(room), async () => {
          assert.ok(!busy.has(room));
          busy.add(room);
          await turnOfLoop();
          busy.delete(room);
          done.push([room, index]);
          if (fails) throw new Error('no');
        }),
      );
      const results = await Promise.allSettled(takes);
      assert.deepEqual(
        results.map((result) => result.status === 'rejected'),
        changes.map(({ fails }) => fails),
      );
      for (const name of [0, 1, 2]) {
        const order = done.filter(([room]) => room === name).map(([, index]) => index);
        assert.deepEqual(
          order,
          changes.flatMap(({ room }, index) => (room === name ? [index] : [])),
        );
      }
    }),
    { numRuns: 50 },
  );
});

test('a change that waits for the one from inside of which it is made fails, and the outer one goes on', async () => {
  const turns = new MembershipTurns(10);
  const room = roomId('one');
  const answer = await turns.take(room, async () => {
    await assert.rejects(
      turns.take(room, async () => undefined),
      waitsForItself,
    );
    return 'done';
  });
  assert.equal(answer, 'done');
  assert.equal(await turns.take(room, async () => 'next'), 'next');
});

test('so it is by way of other rooms, however many', async () => {
  for (const length of [2, 3, 4]) {
    const turns = new MembershipTurns(10);
    const rooms = Array.from({ length }, (_, index) => roomId(index));
    const inside = async (index: number): Promise<void> => {
      const room = rooms[index];
      if (room !== undefined) await turns.take(room, () => inside(index + 1));
      else await turns.take(roomId(0), async () => undefined);
    };
    await assert.rejects(inside(0), waitsForItself);
  }
});

test('two changes that wait for each other do not do so for ever', async () => {
  const turns = new MembershipTurns(10);
  const [one, two] = [roomId('one'), roomId('two')];
  const cross = (outer: RoomId, inner: RoomId): Promise<string> =>
    turns.take(outer, async () => {
      await turnOfLoop();
      return turns.take(inner, async () => 'done');
    });
  const results = await Promise.allSettled([cross(one, two), cross(two, one)]);
  const refused = results.filter((result) => result.status === 'rejected');
  assert.ok(refused.length >= 1);
  for (const { reason } of refused) assert.equal((reason as { code: string }).code, waitsForItself.code);
});

test('a change that nobody awaits waits for the end of the outer one, however long that takes', async () => {
  const turns = new MembershipTurns(5);
  const other = roomId('other');
  let later: Promise<string> | undefined;
  let end = (): void => undefined;
  const slow = turns.take(other, () => new Promise<void>((resolve) => (end = resolve)));
  await turns.take(roomId('one'), async () => {
    later = turns.take(other, async () => 'done');
    await new Promise((resolve) => setTimeout(resolve, 30));
  });
  end();
  await slow;
  assert.equal(await later, 'done');
});

test('a change that is refused lets nobody pass the one that has its turn', async () => {
  const turns = new MembershipTurns(10);
  const room = roomId('one');
  const order: string[] = [];
  let next: Promise<unknown> | undefined;
  await turns.take(room, async () => {
    await assert.rejects(
      turns.take(room, async () => undefined),
      waitsForItself,
    );
    next = outsideOfChanges(() => turns.take(room, async () => order.push('next')));
    await turnOfLoop();
    order.push('first');
  });
  await next;
  assert.deepEqual(order, ['first', 'next']);
});

const slowly = (ms = 40): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a change that a callback started and did not await has its turn after the outer one, however long that takes', async () => {
  const room = roomId('one');
  for (const start of [
    (change: () => Promise<unknown>) => void change(),
    (change: () => Promise<unknown>) => void (async () => await change())(),
    (change: () => Promise<unknown>) => void Promise.all([change()]).then(() => undefined),
    (change: () => Promise<unknown>) => setTimeout(() => void change(), 2),
    // Not even where the callback awaits, of another callback, what that has left behind.
    (change: () => Promise<unknown>) => void callInPlace(async () => void change()),
  ]) {
    const turns = new MembershipTurns(5);
    const order: string[] = [];
    let change: Promise<unknown> | undefined;
    await turns.take(room, async () => {
      await callInPlace(async () => {
        start(() => (change = turns.take(room, async () => order.push('inner'))));
      });
      await slowly();
      order.push('outer');
    });
    await change;
    assert.deepEqual(order, ['outer', 'inner']);
  }
});

test('a change that a callback awaits is refused, however it was started', async () => {
  const room = roomId('one');
  for (const start of [
    (change: () => Promise<unknown>) => change(),
    (change: () => Promise<unknown>) => Promise.all([change()]),
    (change: () => Promise<unknown>) => callInPlace(async () => await change()),
    (change: () => Promise<unknown>) => turnOfLoop().then(change),
  ]) {
    const turns = new MembershipTurns(5);
    await assert.rejects(
      turns.take(room, () => callInPlace(() => start(() => turns.take(room, async () => undefined)))),
      waitsForItself,
    );
  }
});

interface Change {
  readonly room: number;
  readonly isAwaited: boolean;
  readonly inner: readonly Change[];
}

test('whatever callbacks change and await, changes of one room never overlap, and all of them end', async () => {
  const { change } = fc.letrec<{ change: Change; inner: readonly Change[] }>((tie) => ({
    change: fc.record({ room: fc.nat(2), isAwaited: fc.boolean(), inner: tie('inner') }),
    inner: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('change'), { maxLength: 3 })),
  }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const turns = new MembershipTurns(5);
      const busy = new Set<number>();
      const all: Promise<unknown>[] = [];
      const make = ({ room, inner }: Change): Promise<unknown> => {
        const done = turns.take(roomId(room), async () => {
          assert.ok(!busy.has(room), 'two changes of a room at once');
          busy.add(room);
          await callInPlace(async () => {
            for (const each of inner) {
              const made = make(each);
              if (each.isAwaited) await made;
            }
          }).finally(() => busy.delete(room));
        });
        const judged = done.catch((error: unknown) => {
          assert.equal((error as { code?: string }).code, waitsForItself.code, String(error));
        });
        all.push(judged);
        return judged;
      };
      for (const each of changes) void make(each);
      for (let count = 0; count < all.length; count++) await all[count];
      assert.equal(busy.size, 0);
    }),
    { numRuns: 40 },
  );
});
