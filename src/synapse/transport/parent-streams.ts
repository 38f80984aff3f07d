import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { devNull } from 'node:os';
import { VesicleError } from '../../errors/vesicle-error.js';

/** Where the bridge puts the connection besides standard input: a descriptor that no child of this process inherits. */
const ownDescriptor = 3;

/** The connection with the program that started this one, as streams of bytes. */
export interface ParentStreams {
  readonly input: Socket;
  readonly output: Socket;
}

/**
 * Opens the connection with the program that started this one. The bridge gives one socket for both directions, and lets
 * standard output go where standard error goes; other programs are spoken with over standard input and output.
 */
export function openParentStreams(): ParentStreams {
  const input = checkPipe(0, 'standard input');
  const own = input.isSocket() ? statOf(ownDescriptor) : undefined;
  if (own !== undefined && isSame(own, input)) {
    leaveStandardInput();
    return duplex(ownDescriptor);
  }
  const output = statOf(1);
  const errors = statOf(2);
  if (input.isSocket() && output !== undefined && errors !== undefined && isSame(output, errors)) return duplex(0);
  checkPipe(1, 'standard output');
  return {
    input: new Socket({ fd: 0, readable: true, writable: false }),
    output: new Socket({ fd: 1, readable: false, writable: true }),
  };
}

function duplex(fd: number): ParentStreams {
  const socket = new Socket({ fd, readable: true, writable: true });
  return { input: socket, output: socket };
}

/** Children that inherit standard input find nothing there, instead of the frames of the bridge. */
function leaveStandardInput(): void {
  closeSync(0);
  openSync(devNull, 'r');
}

function checkPipe(fd: number, name: string): Stats {
  const stream = fstatSync(fd);
  if (!stream.isFIFO() && !stream.isSocket()) throw new VesicleError('SYNAPSE_NO_PARENT', { stream: name });
  return stream;
}

function statOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined; // It is not open.
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
