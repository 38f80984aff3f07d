import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { VesicleError } from '../errors/vesicle-error.js';

/** Standard input and output of this process as streams of bytes: pipes or sockets, when another program started it. */
export function openStandardStreams(): { readonly input: Socket; readonly output: Socket } {
  checkPipe(0, 'standard input');
  checkPipe(1, 'standard output');
  return {
    input: new Socket({ fd: 0, readable: true, writable: false }),
    output: new Socket({ fd: 1, readable: false, writable: true }),
  };
}

function checkPipe(fd: number, name: string): void {
  const stream = fstatSync(fd);
  if (!stream.isFIFO() && !stream.isSocket()) throw new VesicleError('SYNAPSE_NO_PARENT', [name]);
}
