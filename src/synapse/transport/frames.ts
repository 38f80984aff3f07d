import type { Writable } from 'node:stream';
import { VesicleError } from '../../errors/vesicle-error.js';

/** Bytes of the length before each frame. */
const headerLength = 4;
/** Bytes of a frame that two bytes of its length can say. */
const shortFrame = 0x3fff;
/** In the length of a frame: bytes follow its JSON, which has a length of its own. */
const bytesFlag = 0x8000_0000;

/** Takes frames out of a stream of bytes, whatever pieces it comes in. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private held = 0;
  /** So many bytes are needed before there is anything to do. */
  private needed = headerLength;

  constructor(
    /** Bytes that a frame may have; asked for each frame, since it may change with the frame before. */
    private readonly limit: () => number,
    /** Given the JSON of a frame, and the bytes that it carries besides. */
    private readonly take: (frame: string, bytes?: Uint8Array) => void,
  ) {}

  /** Takes the frames that are complete with this piece. Throws when one is longer than allowed. */
  push(piece: Buffer): void {
    this.held += piece.length;
    if (this.pieces.length === 0) {
      this.read(piece);
      return;
    }
    this.pieces.push(piece);
    if (this.held >= this.needed) this.read(Buffer.concat(this.pieces, this.held));
  }

  private read(bytes: Buffer): void {
    let at = 0;
    this.needed = headerLength;
    while (bytes.length - at >= headerLength) {
      const word = bytes.readUInt32BE(at);
      const length = word % bytesFlag;
      if (length > this.limit()) {
        throw new VesicleError('SYNAPSE_FRAME_TOO_LONG', { length, limit: this.limit() });
      }
      this.needed = headerLength + length;
      if (bytes.length - at < this.needed) break;
      const start = at + headerLength;
      at = start + length;
      this.needed = headerLength;
      if (word < bytesFlag) this.take(bytes.toString('utf8', start, at));
      else this.takeWithBytes(bytes.subarray(start, at));
    }
    this.held = bytes.length - at;
    this.pieces = this.held === 0 ? [] : [bytes.subarray(at)];
  }

  private takeWithBytes(frame: Buffer): void {
    const length = frame.length < headerLength ? Infinity : frame.readUInt32BE(0);
    const end = headerLength + length;
    if (end > frame.length) throw new VesicleError('SYNAPSE_FRAME_TOO_LONG', { length, limit: frame.length });
    this.take(frame.toString('utf8', headerLength, end), new Uint8Array(frame.subarray(end)));
  }
}

/** Writes frames in one piece. */
export function writeFrames(output: Writable, frames: readonly string[]): void {
  const [only = ''] = frames;
  const length = only.length;
  // Most answers are one short frame of ASCII: node sends such a text without a buffer of its own.
  if (frames.length === 1 && length <= shortFrame && Buffer.byteLength(only) === length) {
    output.write(String.fromCharCode(0, 0, length >>> 8, length & 0xff) + only, 'latin1');
  } else {
    output.write(encodeFrames(frames));
  }
}

/** A frame that carries bytes besides its JSON. */
export function encodeFrameWithBytes(frame: string, bytes: Uint8Array): Buffer {
  const text = Buffer.from(frame);
  const head = Buffer.alloc(2 * headerLength);
  head.writeUInt32BE(bytesFlag + headerLength + text.length + bytes.length, 0);
  head.writeUInt32BE(text.length, headerLength);
  return Buffer.concat([head, text, bytes]);
}

/** Frames as bytes. */
export function encodeFrames(frames: readonly string[]): Buffer {
  const lengths = frames.map((frame) => Buffer.byteLength(frame));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + headerLength + length, 0));
  let at = 0;
  for (const [index, frame] of frames.entries()) {
    at = bytes.writeUInt32BE(lengths[index] ?? 0, at);
    at += bytes.write(frame, at);
  }
  return bytes;
}
