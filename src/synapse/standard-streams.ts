import { Socket } from 'node:net';

/** Standard input and output of this process as streams of bytes: pipes or sockets, when another program started it. */
export function openStandardStreams(): { readonly input: Socket; readonly output: Socket } {
  return {
    input: new Socket({ fd: 0, readable: true, writable: false }),
    output: new Socket({ fd: 1, readable: false, writable: true }),
  };
}
