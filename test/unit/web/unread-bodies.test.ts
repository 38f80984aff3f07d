import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, open, path } from './web-answers.case.js';

/** What a producer noticed of the end. */
interface Producer {
  readonly body: () => ReadableStream<Uint8Array>;
  readonly hasEnded: () => boolean;
}

type Pending = (start: readonly Uint8Array[], onEnd: () => void) => ReadableStream<Uint8Array>;

/** Bodies that begin with some pieces, and of which no end has come; what they do when nobody reads on. */
const pending: Readonly<Record<string, Pending>> = {
  'a stream that waits': (start, onEnd) =>
    new ReadableStream({
      start: (controller) => {
        for (const piece of start) controller.enqueue(piece);
      },
      cancel: onEnd,
    }),
  'a stream that goes on': (start, onEnd) =>
    new ReadableStream({
      start: (controller) => {
        for (const piece of start) controller.enqueue(piece);
        setTimeout(() => {
          try {
            controller.enqueue(new Uint8Array(3));
          } catch {
            // Nobody reads.
          }
        }, 5);
      },
      cancel: onEnd,
    }),
  'a stream that throws when it is cancelled': (start, onEnd) =>
    new ReadableStream({
      start: (controller) => {
        for (const piece of start) controller.enqueue(piece);
      },
      cancel: () => {
        onEnd();
        throw new Error('cancelled');
      },
    }),
  'a stream that fails when it is cancelled': (start, onEnd) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    for (const piece of start) void writer.write(piece).catch(() => undefined);
    void writer.closed.catch(onEnd);
    return readable;
  },
  'a generator': (start, onEnd) =>
    ReadableStream.from(
      (async function* () {
        try {
          yield* start;
          await delay(10);
          yield new Uint8Array(1);
        } finally {
          onEnd();
        }
      })(),
    ),
};

function producer(make: Pending, pieces: number): Producer {
  let hasEnded = false;
  const start = Array.from({ length: pieces }, () => new Uint8Array(10));
  return { body: () => make(start, () => (hasEnded = true)), hasEnded: () => hasEnded };
}

for (const [what, make] of Object.entries(pending)) {
  for (const kind of ['json', 'html', 'plain'] as const) {
    test(`${what}, of which nobody reads the rest, is no failure of a ${kind} resource`, async () => {
      for (const length of [undefined, '10', '1000']) {
        for (const pieces of [0, 1, 2]) {
          for (const way of ['HEAD', 'a reader that leaves', 'a reader that leaves at once']) {
            const { resources, lines } = open();
            const { body, hasEnded } = producer(make, length === '10' ? Math.min(pieces, 1) : pieces);
            const headers = length === undefined ? {} : { 'content-length': length };
            resources.register('Puppet', path, async () => new Response(body(), { headers }), { kind });
            const response = await ask(resources, path, { method: way === 'HEAD' ? 'HEAD' : 'GET' });
            assert.equal(response.status, 200);
            if (way !== 'HEAD') {
              const reader = response.body?.getReader();
              assert.ok(reader);
              const read = reader.read();
              if (pieces > 0 && way === 'a reader that leaves') await read;
              await reader.cancel().catch(() => undefined);
              await read.catch(() => undefined);
            }
            await delay(15);
            assert.deepEqual([lines, hasEnded()], [[], true], `${way}, ${pieces} pieces, length ${String(length)}`);
          }
        }
      }
    });
  }
}
