import type { HeaderData } from './web-headers.js';

/**
 * Headers that are about one connection and never go further (RFC 9110, section 7.6.1). The connection to the client is the
 * server's; what a module says of it is at best about the connection to somebody whose answer it passes on.
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The headers that may leave, in lower case, of plain data.
 *
 * @throws `TypeError` for a name or a value that HTTP cannot carry.
 */
export function endToEndData(headers: HeaderData): Record<string, string> {
  const own: Record<string, string> = {};
  let connection: string | undefined;
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    const value = checkedValue(lower, String(headers[name]));
    if (lower === 'connection') connection = connection === undefined ? value : `${connection}, ${value}`;
    else if (!hopByHop.has(lower)) own[lower] = lower in own ? `${own[lower] ?? ''}, ${value}` : value;
  }
  for (const named of optionsOf(connection)) Reflect.deleteProperty(own, named);
  return own;
}

/**
 * The headers that may leave, as a copy.
 *
 * @throws `TypeError` for a name or a value that HTTP cannot carry.
 */
export function endToEndHeaders(headers: Headers): Headers {
  const own = new Headers();
  for (const [name, value] of headers) {
    if (!hopByHop.has(name)) own.append(name, checkedValue(name, value));
  }
  for (const named of optionsOf(headers.get('connection'))) own.delete(named);
  return own;
}

/**
 * A status that can be sent as the final one.
 *
 * @throws `RangeError` for any other.
 */
export function finalStatus(status: unknown): number {
  if (typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new RangeError(`${String(status)} is not a status between 200 and 599`);
}

function checkedValue(name: string, value: string): string {
  if (!token.test(name)) throw new TypeError(`${JSON.stringify(name)} is not the name of a header`);
  // What Fetch does with values: white space around them is not part of them.
  const trimmed = isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1)) ? trim(value) : value;
  if (fieldValue.test(trimmed)) return trimmed;
  throw new TypeError(`the header ${name} has characters that HTTP cannot carry: ${JSON.stringify(trimmed)}`);
}

function trim(value: string): string {
  return value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function optionsOf(connection: string | null | undefined): readonly string[] {
  if (connection === null || connection === undefined) return [];
  return connection
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => token.test(option));
}
