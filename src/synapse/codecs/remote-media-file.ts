import type { MediaFile } from '../../callbacks/media-file.js';
import { wrongValue } from '../protocol/untrusted-values.js';
import type { Connection } from '../transport/connection.js';
import type { IncomingCall } from '../transport/incoming-call.js';
import type { WireMediaFile } from '../protocol/wire-values.js';

/** Bytes that a reader is given at once. */
const chunkLength = 16_384;

/** A file of Synapse's media store, read over the connection while the call lasts that brought it. */
export class RemoteMediaFile implements MediaFile {
  readonly path: string;

  constructor(
    private readonly wire: WireMediaFile,
    private readonly connection: Connection,
    private readonly call: IncomingCall,
  ) {
    this.path = wire.path;
  }

  readonly read = async (): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.stream()) pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces));
  };

  readonly stream = async function* (this: RemoteMediaFile): AsyncGenerator<Uint8Array, void> {
    for (let offset = 0, isEnd = false; !isEnd;) {
      this.call.use('A media file');
      const { data: bytes, end } = await this.connection.request('media.read', { file: this.wire.file, offset });
      if (!(bytes instanceof Uint8Array)) throw wrongValue('a piece of a file without bytes');
      if (bytes.length === 0 && !end) throw wrongValue('an empty piece before the end of a file');
      for (let at = 0; at < bytes.length; at += chunkLength) yield bytes.subarray(at, at + chunkLength);
      offset += bytes.length;
      isEnd = end;
    }
  }.bind(this);
}
