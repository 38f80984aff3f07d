import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../../src/homeserver/runtime/clock.js';
import { Notifier } from '../../../src/homeserver/runtime/notifier.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';

const room = '!room:hs.test' as RoomId;
const userOf = (index: number): UserId => `@u${String(index)}:hs.test` as UserId;

/** Waiters in one room, and who of them was woken. */
function waitersOf(
  notifier: Notifier,
  count: number,
): { readonly woken: number[]; readonly controllers: AbortController[] } {
  const woken: number[] = [];
  const controllers = Array.from({ length: count }, (_, index) => {
    const controller = new AbortController();
    void notifier.wait(userOf(index), new Set([room]), 60_000, controller.signal).then(() => woken.push(index));
    return controller;
  });
  return { woken, controllers };
}

describe('the notifier', () => {
  it('wakes few at once, so that others have their turn before the last', async () => {
    const notifier = new Notifier(systemClock);
    const { woken } = waitersOf(notifier, 100);
    notifier.notify({ rooms: [room] });
    for (let step = 0; step < 5; step++) await Promise.resolve();
    const first = woken.length;
    assert.ok(first > 0 && first < 20, String(first));
    let turns = 0;
    while (woken.length < 100 && turns < 100) {
      turns++;
      await nextTurn();
    }
    assert.deepEqual(
      woken,
      Array.from({ length: 100 }, (_, index) => index),
      'each once, in the order of waiting',
    );
    assert.ok(turns > 3, String(turns));
  });

  it('wakes only those who are concerned, and nobody who has gone', async () => {
    const notifier = new Notifier(systemClock);
    const { woken, controllers } = waitersOf(notifier, 30);
    notifier.notify({ rooms: ['!other:hs.test' as RoomId], users: [userOf(3)] });
    await nextTurn();
    assert.deepEqual(woken, [3]);
    notifier.notify({ rooms: [room] });
    notifier.notify({ rooms: [room] });
    controllers[29]?.abort();
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    assert.equal(woken.length, 30);
    assert.equal(new Set(woken).size, 30);
  });
});
