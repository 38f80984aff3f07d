/**
 * A Python tuple. Synapse tells tuples from lists in what callbacks answer, and so does Vesicle: make one with {@link tuple}.
 *
 * @example
 * ```ts
 * import { Tuple } from 'vesicle';
 * const isTuple = (answer: unknown) => answer instanceof Tuple;
 * ```
 */
export class Tuple<T extends readonly unknown[]> {
  constructor(readonly items: T) {
    Object.freeze(items);
    Object.freeze(this);
  }

  toJSON(): T {
    return this.items;
  }
}

/** Whether a value is a tuple, of whatever items. */
export function isTuple(value: unknown): value is Tuple<readonly unknown[]> {
  return value instanceof Tuple;
}

/**
 * Makes a tuple, wherever Synapse's documentation says one: `(Codes, dict)`, `(user_id, callback)`.
 *
 * @example
 * ```ts
 * import { Codes, tuple, type SpamVerdict } from 'vesicle';
 * const verdict: SpamVerdict = tuple(Codes.FORBIDDEN, { 'org.example.reason': 'casino' });
 * ```
 */
export function tuple<T extends readonly unknown[]>(...items: T): Tuple<T> {
  return new Tuple(items);
}
