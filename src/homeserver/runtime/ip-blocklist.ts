import { SynapseError } from '../../errors/synapse-error.js';

/** Where requests on behalf of users must not go unless the configuration says so (`config/server.py`). */
const defaultIpBlocklist: readonly string[] = [
  ...['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '192.0.0.0/24'],
  ...['169.254.0.0/16', '192.88.99.0/24', '198.18.0.0/15', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '::1/128', 'fe80::/10', 'fc00::/7', '2001:db8::/32', 'ff00::/8', 'fec0::/10', '0.0.0.0', '::'],
];

/** The leading bits that the addresses of each range share. */
const blocked = defaultIpBlocklist.map((range) => {
  const [base = '', length] = range.split('/');
  return (parseAddress(base) ?? '').slice(0, length === undefined ? undefined : Number(length) + mappedLength(base));
});

/** Throws when the host of a URL is an address that users must not reach (`http/client.py: BlocklistingAgentWrapper`). */
export function refuseBlockedAddress(url: URL): void {
  const address = parseAddress(url.hostname);
  if (address !== undefined && blocked.some((prefix) => address.startsWith(prefix))) {
    throw new SynapseError(403, 'IP address blocked');
  }
}

/** An IPv4 address counts as the IPv6 address that stands for it, so that both spellings are one. */
function mappedLength(text: string): number {
  return text.includes(':') ? 0 : 96;
}

/** The 128 bits of an address; undefined for a name. URL has brought IPv4 addresses to their usual form. */
function parseAddress(host: string): string | undefined {
  const ipv4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  if (ipv4 !== null) return '0'.repeat(80) + '1'.repeat(16) + ipv4.slice(1).map(bitsOf(10, 8)).join('');
  const text = host.replace(/^\[|\]$/g, '');
  if (!text.includes(':')) return undefined;
  const [head = [], tail = []] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = text.includes('::') ? Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0') : [];
  return [...head, ...zeros, ...tail].map(bitsOf(16, 16)).join('');
}

function bitsOf(radix: number, width: number): (part: string) => string {
  return (part) => Number.parseInt(part, radix).toString(2).padStart(width, '0');
}
