import { connect } from 'node:net';

/** What came back for the bytes of a request. */
export interface RawAnswer {
  /** 0 when nothing came that is an answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the body has the length that was announced. */
  readonly isComplete: boolean;
  /** What came behind the answer. */
  readonly rest: string;
}

const silent: RawAnswer = { status: 0, headers: {}, body: '', isComplete: false, rest: '' };

/** Sends bytes over a connection of its own and reads the answer to the first request in them; text is Latin-1. */
export function exchange(port: number, bytes: Buffer, isHead: boolean, limitMs = 10_000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    const timer = setTimeout(() => {
      socket.destroy();
    }, limitMs);
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (parseAnswer(received, isHead).isComplete) socket.end();
    });
    socket.on('close', (hasFailed) => {
      clearTimeout(timer);
      resolve(parseAnswer(received, isHead, !hasFailed));
    });
    socket.write(bytes);
  });
}

/** Reads an answer; one without a length is complete when the connection has ended. */
export function parseAnswer(text: string, isHead: boolean, hasEnded = false): RawAnswer {
  const headEnd = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(text)?.[1] ?? 0);
  if (headEnd < 0 || status === 0) return { ...silent, rest: text };
  const after = text.slice(headEnd + 4);
  if (status < 200) return parseAnswer(after, isHead, hasEnded);
  const headers = headersOf(text.slice(0, headEnd));
  const answer = { status, headers };
  if (isHead || status === 204 || status === 304) return { ...answer, body: '', isComplete: true, rest: after };
  if (headers['transfer-encoding'] === 'chunked') return { ...answer, ...readChunks(after) };
  const announced = headers['content-length'];
  if (announced === undefined) return { ...answer, body: after, isComplete: hasEnded, rest: '' };
  const length = Number(announced);
  return { ...answer, body: after.slice(0, length), isComplete: after.length >= length, rest: after.slice(length) };
}

function headersOf(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name] ?? ''}, ${value}` : value;
  }
  return headers;
}

function readChunks(text: string): Pick<RawAnswer, 'body' | 'isComplete' | 'rest'> {
  let body = '';
  let rest = text;
  for (;;) {
    const head = /^([0-9A-Fa-f]+)\r\n/.exec(rest);
    if (head === null) return { body, isComplete: false, rest: '' };
    const size = parseInt(head[1] ?? '', 16);
    const start = head[0].length;
    if (rest.length < start + size + 2)
      return { body: body + rest.slice(start, start + size), isComplete: false, rest: '' };
    body += rest.slice(start, start + size);
    rest = rest.slice(start + size + 2);
    if (size === 0) return { body, isComplete: true, rest };
  }
}
