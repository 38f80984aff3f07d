import type { BodyRead, ReadyBody } from './ready-body.js';

/** What is to be known of a body while it is sent. */
interface BodyGuard {
  /** Bytes that were announced for all of it; undefined when nobody did. */
  readonly length?: number | undefined;
  /** Hears why the body broke off. */
  readonly onFailure: (error: unknown) => void;
}

/** Bodies that were made here. */
const guarded = new WeakSet<ReadableStream<Uint8Array>>();

/** How the connections of bodies are cut that break off, where somebody can. */
const cuts = new WeakMap<ReadableStream<Uint8Array>, () => void>();

/**
 * A body of which `ready` has been read already. It breaks off where its source does, where it is not bytes, and where it
 * would be longer or shorter than was announced: the client must not take for complete what is not.
 */
export function guardBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  ready: ReadyBody,
  guard: BodyGuard,
): ReadableStream<Uint8Array> {
  const pieces = [...ready.pieces];
  let { next } = ready;
  let left = guard.length;
  // What a source does when nobody reads on is no failure: it ends early, or throws.
  let isCancelled = false;
  const read = async (): Promise<BodyRead> => {
    const value = pieces.shift();
    if (value !== undefined) return { done: false, value };
    const asked = next ?? reader.read();
    next = undefined;
    return await asked;
  };
  const count = ({ done, value }: BodyRead): void => {
    if (!done && !(value instanceof Uint8Array)) throw new TypeError('the body has pieces that are not a Uint8Array');
    if (left === undefined) return;
    left -= value?.byteLength ?? 0;
    if (left < 0) throw new TypeError(`the body is longer than its Content-Length, ${guard.length ?? 0}`);
    if (done && left > 0) throw new TypeError(`the body ends ${left} bytes before its Content-Length`);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const piece = await read();
          if (isCancelled) return;
          count(piece);
          if (piece.done) controller.close();
          else controller.enqueue(piece.value);
        } catch (error) {
          if (isCancelled) return;
          guard.onFailure(error);
          reader.cancel(error).catch(() => undefined);
          breakOff(body, controller, error);
        }
      },
      cancel: (reason) => {
        isCancelled = true;
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  guarded.add(body);
  return body;
}

/** The same body, which cuts the connection when it breaks off, because nothing else tells that to the client. */
export function cutWhenBroken(source: ReadableStream<Uint8Array>, cut: () => void): ReadableStream<Uint8Array> {
  const body = guarded.has(source)
    ? source
    : guardBody(source.getReader(), nothingReady, { onFailure: () => undefined });
  cuts.set(body, cut);
  return body;
}

const nothingReady: ReadyBody = { pieces: [], length: 0, isWhole: false };

function breakOff(
  body: ReadableStream<Uint8Array>,
  controller: ReadableStreamDefaultController<Uint8Array>,
  error: unknown,
): void {
  const cut = cuts.get(body);
  if (cut === undefined) {
    controller.error(error);
    return;
  }
  cut();
  controller.close();
}
