import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NOT_SPAM, type SpamVerdict } from '../../../src/callbacks/spam-verdict.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import type { CallbackRegistration } from '../../../src/dispatch/registration.js';
import { silentLog } from '../../../src/log/silent-log.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('register', 'removeModule', 'remove', 'replaceModule', 'ask', 'hold', 'release'),
    module: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(20),
  }),
  { maxLength: 60 },
);

interface Known {
  readonly module: string;
  readonly number: number;
  /** What replaced others has no handle to be removed by. */
  readonly remove?: () => void;
}

/** A dispatcher beside what it should know. */
class Beside {
  readonly dispatch = new Dispatcher({ log: silentLog });
  private readonly asked: number[] = [];
  private readonly held = new Set<string>();
  private known: Known[] = [];
  private made = 0;

  readonly steps: Readonly<Record<string, (module: string, pick: number) => Promise<void> | void>> = {
    register: (module) => {
      const number = this.made++;
      this.known.push({ module, number, remove: this.dispatch.register(this.registrationOf(module, number)).remove });
    },
    removeModule: (module) => {
      this.dispatch.removeModule(module);
      this.known = this.known.filter((one) => one.module !== module);
    },
    remove: (_module, pick) => {
      const { remove, number } = this.known[pick] ?? {};
      if (remove === undefined) return;
      remove();
      remove();
      this.known = this.known.filter((other) => other.number !== number);
    },
    hold: (module) => {
      if (this.known.some((one) => one.module === module)) return;
      this.dispatch.hold(module);
      this.held.add(module);
    },
    release: (module) => {
      this.dispatch.release(module);
      this.held.delete(module);
    },
    replaceModule: (module) => {
      if (this.held.has(module)) return;
      const number = this.made++;
      this.dispatch.replaceModule(module, [this.registrationOf(module, number)]);
      this.known = this.known.filter((one) => one.module !== module);
      const later = this.known.findIndex((one) => one.module > module);
      this.known.splice(later < 0 ? this.known.length : later, 0, { module, number });
    },
    ask: async () => {
      this.asked.length = 0;
      await this.dispatch.ask('spam_checker', 'user_may_join_room', '@a:b' as UserId, '!r:b' as RoomId, false);
      assert.deepEqual(this.asked, this.expected);
    },
  };

  get expected(): readonly number[] {
    return this.known.filter((one) => !this.held.has(one.module)).map((one) => one.number);
  }

  check(): void {
    assert.equal(this.dispatch.isAsked('spam_checker', 'user_may_join_room'), this.expected.length > 0);
    assert.equal(this.dispatch.registered().length, this.known.length);
  }

  private registrationOf(module: string, number: number): CallbackRegistration {
    const handler = async (): Promise<SpamVerdict> => {
      this.asked.push(number);
      return NOT_SPAM;
    };
    const callbacks = [{ name: 'user_may_join_room', handler }];
    return { module, rank: module.charCodeAt(0), category: 'spam_checker', callbacks };
  }
}

describe('callbacks that come and go', () => {
  it('are asked while they are there, in order, whatever went before', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (list, isChecked) => {
        const beside = new Beside();
        for (const { kind, module, pick } of list) {
          await beside.steps[kind]?.(module, pick);
          if (isChecked) beside.check();
        }
        await beside.steps['ask']?.('', 0);
        beside.check();
      }),
    );
  });

  it('are still asked by a question that began before they went', async () => {
    const dispatch = new Dispatcher({ log: silentLog });
    const asked: string[] = [];
    for (const module of ['a', 'b', 'c']) {
      const handler = async (): Promise<SpamVerdict> => {
        asked.push(module);
        dispatch.removeModule('c');
        return NOT_SPAM;
      };
      dispatch.register({ module, category: 'spam_checker', callbacks: [{ name: 'user_may_join_room', handler }] });
    }
    const hook = dispatch.hook('spam_checker', 'user_may_join_room');
    await hook.ask('@a:b' as UserId, '!r:b' as RoomId, false);
    await hook.ask('@a:b' as UserId, '!r:b' as RoomId, false);
    assert.deepEqual(asked, ['a', 'b', 'c', 'a', 'b']);
  });
});
