import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What the running code is a part of: a change of a membership, or a callback that is asked about one, and what these are a part
 * of in turn.
 *
 * No code can ask whether a promise is awaited. What it can see is an end: what is still running when the callback that started it
 * has returned was not awaited by the callback, nor by anything around it.
 */
export class Place {
  private hasEnded = false;
  private outer: Place | undefined = current.getStore();

  /** Whether anything around this may wait for it. */
  get isInside(): boolean {
    return this.outer?.hasEnded === false;
  }

  /** Runs `work` here. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await current.run(this, work);
    } finally {
      this.hasEnded = true;
      // What is started here again and again, without an end, must not keep everything before it.
      this.outer = undefined;
    }
  }

  /** Whether this may be what another place waits for: it is inside of it, and nothing between the two has ended. */
  mayBeAwaitedBy(other: Place): boolean {
    for (let { outer } = this as Place; outer?.hasEnded === false; outer = outer.outer)
      if (outer === other) return true;
    return false;
  }
}

const current = new AsyncLocalStorage<Place | undefined>();

/** Calls a callback of a module; outside of a change this is nothing but the call. */
export function callInPlace<T>(call: () => Promise<T>): Promise<T> {
  return current.getStore() === undefined ? call() : new Place().run(call);
}

/** Starts what no change waits for. */
export function outsideOfChanges<T>(start: () => T): T {
  return current.run(undefined, start);
}
