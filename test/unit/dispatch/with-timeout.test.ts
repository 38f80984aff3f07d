import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TIMED_OUT, withTimeout } from '../../../src/dispatch/with-timeout.js';
import { deferred } from '../../support/deferred.js';

/** Timers that run when the test says so. */
function manualTimers(): {
  readonly timers: { readonly after: (ms: number, call: () => void) => { readonly cancel: () => void } };
  readonly pending: { readonly ms: number; readonly call: () => void }[];
} {
  const pending: { readonly ms: number; readonly call: () => void }[] = [];
  const after = (ms: number, call: () => void): { readonly cancel: () => void } => {
    const timer = { ms, call };
    pending.push(timer);
    return { cancel: () => void pending.splice(pending.indexOf(timer), 1) };
  };
  return { timers: { after }, pending };
}

describe('withTimeout', () => {
  it('returns what the work returns, and its timer ends with it', async () => {
    const { timers, pending } = manualTimers();
    const work = deferred<string>();
    const result = withTimeout(work.promise, 5, { timers });
    assert.deepEqual(
      pending.map(({ ms }) => ms),
      [5],
    );
    work.resolve('done');
    assert.equal(await result, 'done');
    assert.deepEqual(pending, []);
  });

  it('says that the work is late, and discards what comes of it', async () => {
    const { timers, pending } = manualTimers();
    const failing = deferred();
    const work = async (): Promise<void> => {
      await failing.promise;
      throw new Error('late');
    };
    const result = withTimeout(work, 5, { timers });
    pending[0]?.call();
    failing.resolve(undefined);
    assert.equal(await result, TIMED_OUT);
  });

  it('rejects as the work does, whether it throws or rejects', async () => {
    const { timers, pending } = manualTimers();
    const thrown = new Error('refused');
    const throwing = (): Promise<never> => {
      throw thrown;
    };
    await assert.rejects(withTimeout(throwing, 5, { timers }), thrown);
    await assert.rejects(withTimeout(Promise.reject(thrown), 5, { timers }), thrown);
    assert.deepEqual(pending, []);
  });

  it('counts the time of a function before it calls it', async () => {
    const { timers, pending } = manualTimers();
    const counted = await withTimeout(async () => pending.length, 5, { timers });
    assert.equal(counted, 1);
  });

  it('has no timer for work that may take for ever', async () => {
    const { timers, pending } = manualTimers();
    assert.equal(await withTimeout(async () => pending.length, Infinity, { timers }), 0);
  });

  it('counts from the moment a signal is aborted', async () => {
    const { timers, pending } = manualTimers();
    const unwanted = new AbortController();
    const late = withTimeout(deferred().promise, 5, { signal: unwanted.signal, timers });
    assert.equal(pending.length, 0);
    unwanted.abort();
    assert.equal(pending.length, 1);
    pending[0]?.call();
    assert.equal(await late, TIMED_OUT);

    const already = withTimeout(deferred().promise, 5, { signal: unwanted.signal, timers });
    pending[1]?.call();
    assert.equal(await already, TIMED_OUT);
  });

  it('hears no signal once the work is done', async () => {
    const { timers, pending } = manualTimers();
    const unwanted = new AbortController();
    await withTimeout(Promise.resolve(), 5, { signal: unwanted.signal, timers });
    unwanted.abort();
    assert.deepEqual(pending, []);
  });

  it('uses timers of its own by default', { timeout: 5000 }, async () => {
    assert.equal(await withTimeout(deferred().promise, 1), TIMED_OUT);
  });
});
