/** A piece of a body, or its end. */
export type BodyRead = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

/** What was there of a body without waiting. */
export interface ReadyBody {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
  /** Whether that is all. */
  readonly isWhole: boolean;
  /** The piece that was asked for and had not come. */
  readonly next?: Promise<BodyRead>;
}

/** Reads what is there of a body without waiting, and no more than the piece that passes the limit and the one behind it; throws what the body does. */
export async function readReady(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<ReadyBody> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const late = new Promise<'late'>((resolve) => setImmediate(resolve, 'late'));
  while (length <= limit) {
    const next = reader.read();
    next.catch(() => undefined);
    const read = await Promise.race([next, late]);
    if (read === 'late') return { pieces, length, isWhole: false, next };
    if (read.done) return { pieces, length, isWhole: true };
    pieces.push(read.value);
    length += read.value.byteLength;
  }
  // What is there as a whole comes in one piece, of any length.
  const next = reader.read();
  next.catch(() => undefined);
  const read = await Promise.race([next, late]);
  return { pieces, length, isWhole: read !== 'late' && read.done, next };
}
