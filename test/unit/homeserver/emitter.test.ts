import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Emitter } from '../../../src/homeserver/runtime/emitter.js';
import { deferred } from '../../support/deferred.js';

class Bells extends Emitter<
  { readonly rung: readonly [tone: string] },
  { readonly ringing: readonly [tone: string] }
> {}

describe('Emitter', () => {
  it('tells everybody at once, in the order in which they came', () => {
    const bells = new Bells();
    const heard: string[] = [];
    bells.on('rung', (tone) => void heard.push(`first ${tone}`));
    bells.on('rung', (tone) => void heard.push(`second ${tone}`));
    bells.tell('rung', 'c');
    assert.deepEqual(heard, ['first c', 'second c']);
  });

  it('asks the next only when the one before has answered', async () => {
    const bells = new Bells();
    const heard: string[] = [];
    const slow = deferred();
    bells.onAsk('ringing', async (tone) => {
      await slow.promise;
      heard.push(`slow ${tone}`);
    });
    bells.onAsk('ringing', (tone) => void heard.push(`quick ${tone}`));
    const asked = bells.ask('ringing', 'c');
    assert.deepEqual(heard, []);
    slow.resolve(undefined);
    await asked;
    assert.deepEqual(heard, ['slow c', 'quick c']);
  });

  for (const [how, refuse] of [
    [
      'throws',
      (): undefined => {
        throw new Error('no');
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('no'))],
  ] as const) {
    it(`is refused by one that ${how}, and asks nobody after it`, async () => {
      const bells = new Bells();
      const heard: string[] = [];
      bells.onAsk('ringing', refuse);
      bells.onAsk('ringing', (tone) => void heard.push(tone));
      await assert.rejects(bells.ask('ringing', 'c'), /no/);
      assert.deepEqual(heard, []);
    });
  }

  it('goes on when there is nobody', async () => {
    const bells = new Bells();
    bells.tell('rung', 'c');
    await assert.doesNotReject(bells.ask('ringing', 'c'));
  });

  it('throws what a listener throws', () => {
    const bells = new Bells();
    bells.on('rung', () => {
      throw new Error('cracked');
    });
    assert.throws(() => {
      bells.tell('rung', 'c');
    }, /cracked/);
  });
});
