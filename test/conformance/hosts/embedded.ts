import { type ConformanceHost } from '../host.js';

/** The embedded homeserver, in this process, on a real loopback port. */
export async function openEmbeddedHost(): Promise<ConformanceHost> {
  return {
    name: 'embedded',
    start: () => Promise.reject(new Error('not yet')),
    close: () => Promise.resolve(),
  };
}
