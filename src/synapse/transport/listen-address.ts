import { VesicleError } from '../../errors/vesicle-error.js';

/** Where a module host takes connections. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Reads `unix:PATH` or `tcp:HOST:PORT`. */
export function parseListenAddress(text: string): ListenAddress {
  const address = readListenAddress(text);
  if (address === undefined) throw new VesicleError('SYNAPSE_ADDRESS_INVALID', { address: text });
  return address;
}

/** The same; undefined when it is something else. */
export function readListenAddress(text: string): ListenAddress | undefined {
  const unix = /^unix:(.+)$/s.exec(text);
  if (unix?.[1] !== undefined) return { kind: 'unix', path: unix[1] };
  const tcp = /^tcp:(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const [, six, four, digits] = tcp ?? [];
  const host = six ?? four;
  const port = Number(digits);
  return host !== undefined && port <= 65_535 ? { kind: 'tcp', host, port } : undefined;
}

/** As it is written on the command line. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `tcp:${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
