import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import { encodeFrames, encodeFrameWithBytes, FrameReader } from '../../../src/synapse/transport/frames.js';

function readAll(pieces: readonly Buffer[], limit = 1_000): string[] {
  const frames: string[] = [];
  const reader = new FrameReader(
    () => limit,
    (frame) => frames.push(frame),
  );
  for (const piece of pieces) reader.push(piece);
  return frames;
}

test('frames come out as they went in, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.nat(50), { maxLength: 30 }),
      (frames, cuts) => {
        const bytes = encodeFrames(frames);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) pieces.push(bytes.subarray(at, (at += cut)));
        assert.deepEqual(readAll([...pieces, bytes.subarray(at)]), frames);
      },
    ),
  );
});

test('bytes that a frame carries come out as they went in, wherever the stream is cut', () => {
  const carried = fc.record({ text: fc.string({ unit: 'grapheme' }), bytes: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(carried, { maxLength: 6 }), fc.array(fc.nat(50), { maxLength: 30 }), (frames, cuts) => {
      const taken: unknown[] = [];
      const reader = new FrameReader(
        () => 1_000,
        (text, bytes) => taken.push({ text, bytes }),
      );
      const all = Buffer.concat(frames.map(({ text, bytes }) => encodeFrameWithBytes(text, bytes)));
      let at = 0;
      for (const cut of cuts) reader.push(all.subarray(at, (at += cut)));
      reader.push(all.subarray(at));
      assert.deepEqual(
        taken,
        frames.map(({ text, bytes }) => ({ text, bytes })),
      );
    }),
  );
});

test('a frame that is announced longer than allowed is refused before it comes', () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(1_001);
  assert.throws(
    () => readAll([header]),
    (error: unknown) => error instanceof VesicleError && error.code === 'SYNAPSE_FRAME_TOO_LONG',
  );
  assert.throws(() => readAll([Buffer.from([0xff]), Buffer.from([0xff, 0xff, 0xff, 0])]), VesicleError);
});

test('the limit may change with the frame before', () => {
  const frames: string[] = [];
  const reader = new FrameReader(
    () => (frames.length === 0 ? 5 : 50),
    (frame) => frames.push(frame),
  );
  reader.push(encodeFrames(['short', 'not that short']));
  assert.deepEqual(frames, ['short', 'not that short']);
});

test('whatever bytes come, they are frames or an error of ours', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => {
      try {
        readAll(pieces.map((piece) => Buffer.from(piece)));
      } catch (error) {
        assert.ok(error instanceof VesicleError);
      }
    }),
  );
});
