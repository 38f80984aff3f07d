/**
 * What a web resource sees of the address of its request. A URL cannot hold every target that HTTP can carry, and its host
 * comes from the client: what is put together here always has the path by which the request was routed.
 */

/** What a request is addressed to when its header `Host` names no host. */
const fallbackHost = 'localhost';

/** `host[:port]`: a name, an IPv4 address, or an IPv6 address in brackets. Never anything that begins another part of a URL. */
const hostAndPort = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;

/** Segments that parsers of URLs resolve: `.` and `..`, also percent-encoded. */
const dotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** What has a meaning of its own in a URL, or that a parser of URLs would encode as UTF-8. */
const special = /[^!-~]|[#\\]/;
const specialInPath = /[^!-~]|[#\\]/g;
const specialInQuery = /[^!-~]|#/g;

/** Hosts that were looked at already: a server is called by few names. */
const knownHosts = new Map<string, string>();
const knownHostsLimit = 100;

/** The header `Host` as it stands in a URL; `localhost` when it is absent or is no `host[:port]`. */
export function hostOfUrl(header: string | null | undefined): string {
  if (header === null || header === undefined) return fallbackHost;
  const known = knownHosts.get(header);
  if (known !== undefined) return known;
  if (knownHosts.size >= knownHostsLimit) knownHosts.clear();
  const host = parseHost(header);
  if (header.length <= 300) knownHosts.set(header, host);
  return host;
}

/** The target of a request line, of which Twisted takes everything behind the first character, whatever that is. */
export function rootedTarget(target: string): string {
  return target.startsWith('/') ? target : `/${target.slice(1)}`;
}

/** A target that begins with a slash as a URL holds it, so that its path stays the same when it is parsed. */
export function targetOfUrl(target: string): string {
  if (!special.test(target)) return target;
  const queryAt = target.indexOf('?');
  if (queryAt < 0) return target.replace(specialInPath, percentEncode);
  const path = target.slice(0, queryAt).replace(specialInPath, percentEncode);
  return path + target.slice(queryAt).replace(specialInQuery, percentEncode);
}

/** The URL of a request that was routed by `target`. */
export function urlOfRequest(host: string | null, target: string): string {
  return `http://${hostOfUrl(host)}${targetOfUrl(rootedTarget(target))}`;
}

/** The part of a target before its query: what requests are routed by. */
export function pathOfTarget(target: string): string {
  const queryAt = target.indexOf('?');
  return queryAt < 0 ? target : target.slice(0, queryAt);
}

/** Whether a path has segments that no URL can hold, because whoever parses it resolves them. */
export function hasDotSegment(path: string): boolean {
  return dotSegment.test(path);
}

function parseHost(header: string): string {
  if (!hostAndPort.test(header)) return fallbackHost;
  const url = `http://${header}/`;
  return URL.canParse(url) ? new URL(url).host : fallbackHost;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
