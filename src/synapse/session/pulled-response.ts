import { type BodyRead, readReady } from '../../web/ready-body.js';
import { limits } from '../protocol/protocol.js';

/** A piece of a response, as `web.read` is answered. */
export interface ResponsePiece {
  readonly data: string;
  readonly end: boolean;
  readonly failed?: boolean;
}

/** The body of a response that Synapse takes piece by piece, as fast as its client does. */
export class PulledResponse {
  private held: Buffer = Buffer.alloc(0);
  /** The piece that was asked for and had not come when the head was sent. */
  private next: Promise<BodyRead> | undefined;

  constructor(private readonly reader: ReadableStreamDefaultReader<Uint8Array>) {}

  /** The whole body if it is there already and small; undefined when it is to be pulled. */
  async whole(): Promise<Buffer | undefined> {
    const { pieces, isWhole, next } = await readReady(this.reader, limits.chunk);
    this.held = Buffer.concat(pieces);
    this.next = next;
    return isWhole ? this.held : undefined;
  }

  /** The next piece. */
  async read(): Promise<ResponsePiece> {
    try {
      while (this.held.length === 0) {
        const read = await (this.next ?? this.reader.read());
        this.next = undefined;
        if (read.done) return { data: '', end: true };
        this.held = Buffer.from(read.value.buffer, read.value.byteOffset, read.value.byteLength);
      }
    } catch {
      // Whoever made the body has thrown or given up: the client sees it cut off.
      return { data: '', end: true, failed: true };
    }
    const piece = this.held.subarray(0, limits.chunk);
    this.held = this.held.subarray(piece.length);
    return { data: piece.toString('base64'), end: false };
  }

  /** Nobody reads on. */
  cancel(): void {
    this.reader.cancel().catch(() => undefined);
  }
}
