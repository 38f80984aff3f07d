import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads a file that an operator named. Devices and pipes, which may never end, and files that hold more bytes than
 * anybody writes are not read: the error says why.
 */
export function readRegularFile(path: string, limit: number): Buffer {
  // Opening a pipe would wait for somebody who writes.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory()) throw new Error('it is a directory');
    if (!stats.isFile()) throw new Error('it is a device or a pipe');
    return readUpTo(file, limit);
  } finally {
    closeSync(file);
  }
}

/** Files such as those in /proc do not tell their size. */
function readUpTo(file: number, limit: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(65_536);
    const read = readSync(file, piece);
    if (read === 0) return Buffer.concat(pieces, length);
    length += read;
    if (length > limit) throw new Error(`it is larger than ${limit} bytes`);
    pieces.push(piece.subarray(0, read));
  }
}
