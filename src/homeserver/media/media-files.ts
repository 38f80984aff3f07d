import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { MediaFile, MediaFileInfo } from '../../callbacks/media-file.js';

const CHUNK = 16 * 1024;

/** A stored file to be sent. */
export interface OpenFile {
  readonly size: number;
  readonly body: ReadableStream<Uint8Array>;
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
    return {
      path,
      read: async () => new Uint8Array(await readFile(path)),
      stream: () => createReadStream(path, { highWaterMark: CHUNK }),
    };
  }

  async read(info: MediaFileInfo): Promise<Uint8Array> {
    return readFile(await this.pathOf(info));
  }

  /** The file as a stream with its size, or undefined when it is not there. */
  async open(info: MediaFileInfo): Promise<OpenFile | undefined> {
    const path = await this.pathOf(info);
    const size = await sizeOf(path);
    if (size === undefined) return undefined;
    return { size, body: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array> };
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

function below(fileId: string): readonly string[] {
  return [fileId.slice(0, 2), fileId.slice(2, 4), fileId.slice(4)];
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
