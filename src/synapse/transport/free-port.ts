import { createServer } from 'node:net';
import { VesicleError } from '../../errors/vesicle-error.js';

/** The port itself when nobody listens on it, for 0 any that is free; throws what is wrong with it. */
export function freePort(port: number, address: string): Promise<number> {
  const place = `${address} port ${port}`;
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new VesicleError('HTTP_ADDRESS_IN_USE', { address: place }, { cause })
          : new VesicleError('HTTP_CANNOT_LISTEN', { address: place, problem: cause.message }, { cause }),
      );
    });
    probe.listen(port, address, () => {
      const bound = probe.address();
      probe.close(() => {
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  });
}
