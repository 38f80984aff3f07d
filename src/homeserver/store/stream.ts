/**
 * The one stream of the embedded homeserver: every stored change that `/sync` may show (event, account data, receipt,
 * presence, ...) takes the next number, so one number says what a client has seen.
 */
export class Stream {
  private last: number;

  constructor(
    /** The highest number stored so far. */
    last: number,
  ) {
    this.last = last;
  }

  /** The number of the newest change. */
  get position(): number {
    return this.last;
  }

  /** The number for a change about to be stored. */
  next(): number {
    return ++this.last;
  }
}
