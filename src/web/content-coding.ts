import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type InputType,
  type ZlibOptions,
} from 'node:zlib';

/** Bytes of a body that are looked at. */
const looked = 1024;
/** Bytes that they may come to. */
const limit = 65_536;

const partial: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit };

type Decode = (bytes: InputType) => unknown;

const gzip: readonly Decode[] = [(bytes) => gunzipSync(bytes, partial)];

/** The codings that can be told apart from anything else, with those who read them. */
const decoders: Readonly<Record<string, readonly Decode[] | undefined>> = {
  gzip,
  'x-gzip': gzip,
  // Some call the compressed data alone by the name of the format around it.
  deflate: [(bytes) => inflateSync(bytes, partial), (bytes) => inflateRawSync(bytes, partial)],
  br: [
    (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: limit }),
  ],
};

/**
 * Whether a body can be what a `Content-Encoding` says. `fetch` decodes bodies and leaves the header as it was: in an answer
 * that copies the headers of another one it speaks of a body that is not there any more. Unknown codings are believed.
 */
export function mayBeCoded(contentEncoding: string, start: Uint8Array): boolean {
  const outermost = contentEncoding.split(',').at(-1)?.trim().toLowerCase() ?? '';
  const known = Object.hasOwn(decoders, outermost) ? decoders[outermost] : undefined;
  if (known === undefined || start.length === 0) return true;
  return known.some((decode) => isReadableBy(decode, start.subarray(0, looked)));
}

function isReadableBy(decode: Decode, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    return error instanceof RangeError;
  }
}
