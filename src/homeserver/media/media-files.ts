import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { MediaFile, MediaFileInfo } from '../../callbacks/media-file.js';
import { failureOf } from '../../errors/failure.js';

const CHUNK = 16 * 1024;
/** Bytes that are read at once of a file that is sent: what costs is the pieces. */
const PIECE = 1_048_576;

/** A stored file to be sent. */
export interface OpenFile {
  readonly size: number;
  /** A file of one piece is there as a whole. */
  readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
}

/** A file that was received and has no place of its own yet. */
export interface ReceivedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** The folder in which media lies, laid out as Synapse does (`media/filepath.py`). Without a path it is a temporary one. */
export class MediaFiles implements AsyncDisposable {
  private root: Promise<string> | undefined;

  constructor(private readonly path: string | undefined) {}

  /** Writes a file and gives it as modules get it. */
  async write(info: MediaFileInfo, content: Uint8Array): Promise<MediaFile> {
    const path = await this.pathOf(info);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return fileFor(path);
  }

  /** Writes what comes to a file of its own, of which nothing stays when it breaks off. */
  async receive(content: AsyncIterable<Uint8Array>): Promise<ReceivedFile> {
    const path = join(await this.folder(), `incoming-${randomUUID()}`);
    await mkdir(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    let size = 0;
    try {
      await using file = await open(path, 'wx');
      for await (const piece of content) {
        hash.update(piece);
        size += piece.byteLength;
        await file.writeFile(piece);
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return { path, size, sha256: hash.digest('hex') };
  }

  /** Gives a received file its place, and gives it as modules get it. */
  async place(info: MediaFileInfo, { path: received }: ReceivedFile): Promise<MediaFile> {
    const path = await this.pathOf(info);
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(received, path);
    } catch (error) {
      await rm(received, { force: true });
      throw error;
    }
    return fileFor(path);
  }

  async read(info: MediaFileInfo): Promise<Uint8Array> {
    return readFile(await this.pathOf(info));
  }

  /** The file as a stream with its size, or undefined when it is not there. */
  async open(info: MediaFileInfo): Promise<OpenFile | undefined> {
    const path = await this.pathOf(info);
    const size = await sizeOf(path);
    if (size === undefined) return undefined;
    return { size, body: size > PIECE ? streamOf(path) : new Uint8Array(await readFile(path)) };
  }

  async remove(info: MediaFileInfo): Promise<void> {
    await rm(await this.pathOf(info), { force: true });
  }

  /** Removes a file and everything made of it. */
  async removeAll(fileId: string): Promise<void> {
    const root = await this.folder();
    await rm(join(root, 'local_content', ...below(fileId)), { force: true });
    await rm(join(root, 'local_thumbnails', ...below(fileId)), { recursive: true, force: true });
  }

  /** Removes the folder when it was a temporary one. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.path === undefined && this.root !== undefined) await rm(await this.root, { recursive: true, force: true });
  }

  private async pathOf(info: MediaFileInfo): Promise<string> {
    const { fileId, thumbnail } = info;
    const root = await this.folder();
    if (thumbnail === null) return join(root, 'local_content', ...below(fileId));
    const { width, height, type, method } = thumbnail;
    const name = `${width}-${height}-${type.replace('/', '-')}-${method}`;
    return join(root, 'local_thumbnails', ...below(fileId), name);
  }

  private folder(): Promise<string> {
    this.root ??= this.path === undefined ? mkdtemp(join(tmpdir(), 'vesicle-media-')) : Promise.resolve(this.path);
    return this.root;
  }
}

function fileFor(path: string): MediaFile {
  return {
    path,
    read: async () => new Uint8Array(await readFile(path)),
    stream: () => createReadStream(path, { highWaterMark: CHUNK }),
  };
}

/** A file as it is taken, no earlier: nothing is open when nobody takes it. */
function streamOf(path: string): ReadableStream<Uint8Array> {
  let file: FileHandle | undefined;
  const close = async (): Promise<void> => {
    await file?.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          file ??= await open(path);
          const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE), 0, PIECE, null);
          if (bytesRead > 0) {
            controller.enqueue(buffer.subarray(0, bytesRead));
            return;
          }
        } catch (error) {
          await close();
          throw error;
        }
        await close();
        controller.close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

function below(fileId: string): readonly string[] {
  return [fileId.slice(0, 2), fileId.slice(2, 4), fileId.slice(4)];
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (failureOf(error).code === 'ENOENT') return undefined;
    throw error;
  }
}
