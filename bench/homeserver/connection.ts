import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer: status and JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One kept-alive HTTP connection, as thin as can be, so that a bench measures the server and not its client. */
export class Connection implements Disposable {
  private received: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly host: string,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received = this.received.byteLength === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.deliver();
    });
    socket.on('close', () => this.waiting?.reject(new Error('the connection was closed')));
    socket.on('error', (error) => this.waiting?.reject(error));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Connection(socket, host);
  }

  /** Sends a request and waits for its answer; one at a time. */
  async send(method: string, path: string, token: string, body: object): Promise<Answer> {
    const payload = JSON.stringify(body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      `Host: ${this.host}`,
      ...(token === '' ? [] : [`Authorization: Bearer ${token}`]),
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(payload)}`,
    ];
    const answer = new Promise<Answer>((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
    this.socket.write(`${head.join('\r\n')}\r\n\r\n${payload}`);
    return await answer;
  }

  [Symbol.dispose](): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private deliver(): void {
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.received.toString('latin1', 0, end);
    const body = this.bodyOf(head, end + 4);
    if (body === undefined) return;
    const { waiting } = this;
    this.received = Buffer.alloc(0);
    this.waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body: JSON.parse(body) as Answer['body'] });
  }

  private bodyOf(head: string, start: number): string | undefined {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) {
      const end = start + Number(length);
      return this.received.byteLength < end ? undefined : this.received.toString('utf8', start, end);
    }
    const chunked = this.received.toString('utf8', start);
    if (!chunked.endsWith('0\r\n\r\n')) return undefined;
    return chunked.replace(/(?:^|\r\n)[0-9a-f]+\r\n/gi, '').trimEnd();
  }
}
