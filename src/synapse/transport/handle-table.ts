import type { Handle } from '../protocol/wire-values.js';

/** Handles of all tables are different, so that one can be released without saying what it is of. */
let last = 0;

/** What the other side may refer to by number until it is released. */
export class HandleTable<Value> {
  private readonly values = new Map<Handle, Value>();

  /** Gives a value a handle. */
  add(value: Value): Handle {
    const handle = ++last;
    this.values.set(handle, value);
    return handle;
  }

  get(handle: unknown): Value | undefined {
    return this.values.get(handle as Handle);
  }

  release(handle: unknown): void {
    this.values.delete(handle as Handle);
  }

  /** Everything there is, which is forgotten. */
  clear(): readonly Value[] {
    const all = [...this.values.values()];
    this.values.clear();
    return all;
  }
}
