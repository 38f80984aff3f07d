import { METHODS } from 'node:http';
import { type Order, puppetPaths } from './hostile-puppet.js';

/** One request as its bytes go out. */
export interface HostileRequest {
  readonly bytes: Buffer;
  readonly method: string;
  /** What parsers do not treat alike, for the differences that are meant. */
  readonly traits: readonly string[];
  /** Whether the module may be unable to finish what it has begun. */
  readonly mayBreakOff: boolean;
}

const traits: Readonly<Record<string, (head: string, method: string, target: string) => boolean>> = {
  // eslint-disable-next-line no-control-regex -- that is what it is about
  'control-character': (head) => /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(head),
  'folded-line': (head) => /\n[ \t]/.test(head),
  'identity-coding': (head) => /\ntransfer-encoding: *identity/i.test(head),
  'long-line': (head) => head.split('\r\n').some((line) => line.length > 16_000),
  'opaque-target': (_head, _method, target) => !/^(?:\/|\*|[a-z]+:\/\/)/i.test(target),
  'star-target': (_head, _method, target) => target.split('?', 1)[0] === '*',
  'unknown-method': (_head, method) => !METHODS.includes(method),
};

/** A request of these bytes, in Latin-1. */
export function requestOf(text: string): HostileRequest {
  const [head = ''] = text.split('\r\n\r\n', 1);
  const [method = '', target = ''] = head.split(' ', 2);
  return {
    bytes: Buffer.from(text, 'latin1'),
    method,
    traits: Object.keys(traits).filter((name) => traits[name]?.(head, method, target)),
    mayBreakOff: /"failAt"|"pieces".*content-length|content-length.*"pieces"/i.test(head),
  };
}

/** What node's parser and Twisted's do not treat alike, with a request that shows it: rows of `differences.json`. */
export const parserTraits: Readonly<Record<string, string>> = {
  'control-character': 'GET /nothing HTTP/1.1\r\nHost: a\r\nX-A: a\x01b\r\nConnection: close\r\n\r\n',
  'folded-line': 'GET /nothing HTTP/1.1\r\nHost: a\r\nX-A: a\r\n b\r\nConnection: close\r\n\r\n',
  'identity-coding': 'GET /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nConnection: close\r\n\r\n',
  'long-line': `GET /nothing HTTP/1.1\r\nHost: a\r\nX-A: ${'x'.repeat(20_000)}\r\nConnection: close\r\n\r\n`,
  'opaque-target': 'GET x:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'star-target': 'POST * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'unknown-method': 'FOO /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
};

const usual = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const rare = ['TRACE', 'PROPFIND', 'REPORT', 'LINK', 'M-SEARCH', 'QUERY', 'SEARCH'];
const unknown = ['get', 'Post', 'CONSTRUCTOR', 'X', 'FOO', '__proto__'];
const segments = [
  'a',
  '',
  '.',
  '..',
  '%2e',
  '%2E%2e',
  '...',
  '%2f',
  '%5c',
  '\\',
  '%',
  '%zz',
  '%ff',
  '%00',
  'a%20b',
  ';x',
  '@',
  ':',
  '%F0%9F%92%A9',
  '~',
  '*',
  '+',
  "'",
  '"',
  '<',
  '>',
  '`',
  '{',
  '|',
  '}',
  '^',
  '[',
  ']',
  '&',
  '=',
  '\xe9',
  'constructor',
];
const queries = [
  '',
  '?',
  '?a=b',
  '?a=%20b&a=c',
  '?a?b',
  '?#x',
  '?\\..',
  '?%',
  '?"<>\'',
  '?access_token=x',
  '?a=/../b',
  '?`{}|^',
  '?\xe9',
];
const hosts = [
  'hs.test',
  'hs.test',
  'hs.test',
  'hs.test:8448',
  'HS.TEST:80',
  '127.0.0.1',
  '[::1]',
  '[::1]:8008',
  '',
  'u:p@x',
  'evil/_synapse/client/puppet/admin?x=',
  'a#',
  'a b',
  'a:b',
  'a:99999',
  'a,b',
  '%41',
  'a\\b',
  '::1',
  'a..b',
  '1.2.3',
  '0x7f.1',
  'x_y',
  '-',
  'xn--a',
  '\xe9',
];
const names = [
  'X-A',
  'x-a',
  'X_B',
  'Cookie',
  'Accept',
  'User-Agent',
  'Authorization',
  'X-Forwarded-For',
  'Origin',
  'Range',
  'If-None-Match',
  'Content-Type',
  'Accept-Encoding',
  'TE',
  'Upgrade',
  'Keep-Alive',
  'Proxy-Authorization',
  'Trailer',
  '__proto__',
  "X!#$%&'*+.^`|~",
];
const values = [
  '',
  'a',
  ' a ',
  'a, b',
  'a;b="c"',
  '\t',
  'caf\xe9',
  'x'.repeat(2_000),
  '*',
  'bytes=0-1',
  'gzip',
  'text/html',
  'application/json',
  'a=1; b=2',
  'Bearer x',
  'trailers',
  '\xff\xfe',
];
const types = [
  'application/json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/mixed',
  'MULTIPART/FORM-DATA',
  '',
];
const bodies = [
  '',
  '{}',
  '{"a":1}',
  'a=b&c=%20',
  '\x00\xff\xfe',
  'x'.repeat(3_000),
  '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
  'GET / HTTP/1.1\r\n\r\n',
];
const orderedHeaders: readonly (readonly [string, string])[] = [
  ['X-A', '1'],
  ['X-A', '\u00e9'],
  ['X-A', '\u2192'],
  ['X-A', 'a\nb'],
  ['X A', '1'],
  ['', '1'],
  ['Content-Type', 'text/html'],
  ['Content-Type', 'application/json'],
  ['Content-Length', '3'],
  ['Content-Length', '99999'],
  ['Content-Length', 'x'],
  ['Transfer-Encoding', 'chunked'],
  ['Connection', 'close'],
  ['Connection', 'X-A'],
  ['Keep-Alive', 'timeout=1'],
  ['Upgrade', 'h2c'],
  ['Trailer', 'X-A'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'identity'],
  ['Location', '/x'],
  ['Set-Cookie', 'a=1'],
  ['Cache-Control', 'max-age=1'],
  ['Server', 'mine'],
  ['Date', 'never'],
  ['Access-Control-Allow-Origin', 'https://a'],
  ['X-Frame-Options', 'ALLOW'],
];
const statuses = [
  200, 200, 201, 202, 204, 205, 206, 301, 302, 304, 400, 401, 404, 418, 429, 499, 500, 503, 599, 0, 99, 100, 101, 199,
  600, 999, -1, 1e9,
];
const orderedBodies = ['', 'x', '{"a":1}', '<b>&</b>', 'caf\u00e9 \u2192', null];

/** Makes hostile requests without end, the same for the same seed. */
export class HostileRequests {
  constructor(private state: number) {}

  next(): HostileRequest {
    const method = this.method();
    const head = [`${method} ${this.target()} ${this.version()}`, ...this.hostLines()];
    if (this.chance(0.5)) head.push(this.orderLine());
    for (let count = this.below(4); count > 0; count--) head.push(`${this.pick(names)}: ${this.pick(values)}`);
    if (this.chance(0.03)) head.push(this.brokenLine());
    const body = this.body(method, head);
    if (this.chance(0.7)) head.push('Connection: close');
    return requestOf(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  private method(): string {
    if (this.chance(0.92)) return this.pick(usual);
    if (this.chance(0.9)) return this.pick(rare);
    return this.pick(unknown);
  }

  private version(): string {
    if (this.chance(0.97)) return 'HTTP/1.1';
    return this.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/11', 'http/1.1', 'HTTPS/1.1']);
  }

  private target(): string {
    let target = this.chance(0.93)
      ? this.pick(puppetPaths)
      : this.pick([
          '',
          '/_synapse',
          '/_synapse/client',
          '/_synapse/client/puppet',
          '/org.example',
          '/org.example/deep',
          '/nothing',
          '/_synapse/client/pupp%65t/json',
          '//evil/x',
        ]);
    for (let count = this.chance(0.5) ? this.below(4) : 0; count > 0; count--) target += `/${this.pick(segments)}`;
    if (this.chance(0.05)) target = target.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
    if (target === '') target = '/nothing';
    target += this.pick(queries);
    if (this.chance(0.03)) target += '#fragment';
    if (this.chance(0.02)) {
      return this.pick([
        '*',
        `http://evil${target}`,
        `https://evil${target}`,
        target.slice(1),
        `ftp://x${target}`,
        '*x',
        'x:80',
      ]);
    }
    return target;
  }

  private hostLines(): string[] {
    const host = `Host: ${this.pick(hosts)}`;
    if (this.chance(0.96)) return [host];
    return this.chance(0.5) ? [] : [host, `Host: ${this.pick(hosts)}`];
  }

  private orderLine(): string {
    const headers = Array.from({ length: this.below(3) }, () => this.pick(orderedHeaders));
    const order: Order = {
      status: this.pick(statuses),
      body: this.pick(orderedBodies),
      headers,
      ...(this.chance(0.1) && { letters: 70_000 }),
      ...(this.chance(0.2) && { json: true }),
      ...(this.chance(0.2) && { pieces: this.below(4) }),
      ...(this.chance(0.05) && { pieces: 3, failAt: this.below(3) }),
      ...(this.chance(0.3) && { fail: this.pick(['synapse', 'redirect', 'other'] as const) }),
    };
    // eslint-disable-next-line no-control-regex -- all that is not ASCII
    return `X-Order: ${JSON.stringify(order).replace(/[^\x00-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
  }

  private brokenLine(): string {
    return this.pick([
      'X-A : 1',
      ': 1',
      'no colon',
      ' X-A: folded',
      'X-A: 1\r\n folded',
      'X A: 1',
      'X-A: a\x00b',
      'X-A: a\x01b',
      'X\xe9: 1',
      'X-A: 1\nX-B: 2',
      'X-A: 1\rX-B: 2',
      `X-A: ${'x'.repeat(20_000)}`,
      'X"A": 1',
    ]);
  }

  /** The body, whose length is told by lines that are added to the head. */
  private body(method: string, head: string[]): string {
    if (['GET', 'HEAD', 'OPTIONS'].includes(method) ? this.chance(0.9) : this.chance(0.1)) return '';
    const body = this.pick(bodies);
    head.push(`Content-Type: ${this.pick(types)}`);
    if (this.chance(0.6)) {
      head.push(`Content-Length: ${body.length}`);
      return body;
    }
    const isChunked = this.chance(0.6);
    if (isChunked) {
      head.push(`Transfer-Encoding: ${this.chance(0.9) ? 'chunked' : 'Chunked'}`);
      return chunked(body, 1 + this.below(1_000));
    }
    head.push(
      ...this.pick([
        [`Content-Length: +${body.length}`],
        ['Content-Length: -1'],
        ['Content-Length: x'],
        [`Content-Length: ${body.length}`, `Content-Length: ${body.length}`],
        [`Content-Length: ${body.length}`, 'Content-Length: 1'],
        ['Content-Length: 3', 'Transfer-Encoding: chunked'],
        ['Transfer-Encoding: gzip, chunked'],
        ['Transfer-Encoding: identity'],
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
        [`Content-Length: ${body.length}, ${body.length}`],
        ['Content-Length:'],
        ['Content-Length: 0x3'],
      ]),
    );
    return body;
  }

  private pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  /** A number from 0 to 1, the same after the same calls (mulberry32). */
  private random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

function chunked(body: string, size: number): string {
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const piece = body.slice(at, at + size);
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}
