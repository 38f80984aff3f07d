/**
 * A cache that holds at most so many entries. What was not used for longest goes first, and what was never used again before
 * what was: reading through more entries than it holds does not drive out those that are in use.
 */
export class BoundedCache<K, V> {
  /** Stored, and not looked up since. */
  private readonly fresh = new Map<K, V>();
  /** Looked up at least once, the one used longest ago first. */
  private readonly used = new Map<K, V>();
  /** So many entries may always be fresh. */
  private readonly freshLimit: number;

  constructor(private readonly limit: number) {
    this.freshLimit = Math.ceil(limit / 4);
  }

  get size(): number {
    return this.fresh.size + this.used.size;
  }

  get(key: K): V | undefined {
    const used = this.used.get(key);
    if (used !== undefined) {
      // Order counts only when something has to go soon.
      if (this.used.size > this.limit / 2) this.touch(key, used);
      return used;
    }
    const fresh = this.fresh.get(key);
    if (fresh === undefined) return undefined;
    this.fresh.delete(key);
    this.used.set(key, fresh);
    return fresh;
  }

  set(key: K, value: V): void {
    if (this.used.has(key)) {
      this.touch(key, value);
      return;
    }
    this.fresh.delete(key);
    this.fresh.set(key, value);
    if (this.size > this.limit) this.removeOne();
  }

  delete(key: K): void {
    this.used.delete(key);
    this.fresh.delete(key);
  }

  *values(): Iterable<V> {
    yield* this.fresh.values();
    yield* this.used.values();
  }

  clear(): void {
    this.fresh.clear();
    this.used.clear();
  }

  private touch(key: K, value: V): void {
    this.used.delete(key);
    this.used.set(key, value);
  }

  private removeOne(): void {
    const from = this.fresh.size > this.freshLimit || this.used.size === 0 ? this.fresh : this.used;
    const oldest = from.keys().next();
    if (oldest.done !== true) from.delete(oldest.value);
  }
}
