import type { IncomingMessage } from 'node:http';

/** How long clients may take to send a request. */
export interface RequestPatience {
  /** Milliseconds for all headers. */
  readonly headersMs: number;
  /** Milliseconds without a byte of a body that is waited for. */
  readonly idleMs: number;
  /** Milliseconds for a body of any size, to which those of {@link bytesPerSecond} are added. */
  readonly bodyMs: number;
  /** What a body must come with on the whole, so that a byte now and then does not keep a connection for ever. */
  readonly bytesPerSecond: number;
}

/**
 * Synapse waits a minute for each piece of a request (`twisted.web.http: _REQUEST_TIMEOUT`), and for a body that makes progress as
 * long as it takes.
 */
export const requestPatience: RequestPatience = {
  headersMs: 60_000,
  idleMs: 60_000,
  bodyMs: 300_000,
  bytesPerSecond: 500,
};

/** A body that is not there yet. */
interface Waiting {
  readonly startBytes: number;
  bytes: number;
  idleMs: number;
  waitedMs: number;
}

/** Cuts connections whose bodies come too slowly; time in which the server does not read is not the client's. */
export class SlowBodies implements Disposable {
  private readonly waiting = new Map<IncomingMessage, Waiting>();
  private timer: NodeJS.Timeout | undefined;
  private readonly intervalMs: number;

  constructor(private readonly patience: RequestPatience) {
    this.intervalMs = Math.min(5000, patience.idleMs / 4);
  }

  /** Watches the body of a request, if it has one. */
  watch(incoming: IncomingMessage): void {
    const { headers, socket } = incoming;
    if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
    const bytes = socket.bytesRead;
    this.waiting.set(incoming, { startBytes: bytes, bytes, idleMs: 0, waitedMs: 0 });
    incoming.once('close', () => {
      this.waiting.delete(incoming);
    });
    this.timer ??= setInterval(() => {
      this.sweep();
    }, this.intervalMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private sweep(): void {
    for (const [incoming, waiting] of this.waiting) {
      if (incoming.complete) this.waiting.delete(incoming);
      else if (this.isTooSlow(incoming, waiting)) incoming.socket.destroy();
    }
    if (this.waiting.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private isTooSlow(incoming: IncomingMessage, waiting: Waiting): boolean {
    const { bytesRead } = incoming.socket;
    const hasCome = bytesRead > waiting.bytes;
    waiting.bytes = bytesRead;
    // What came is not read yet, and meanwhile node takes no more.
    const isOurs = incoming.readableLength > 0;
    waiting.idleMs = hasCome || isOurs ? 0 : waiting.idleMs + this.intervalMs;
    if (!isOurs) waiting.waitedMs += this.intervalMs;
    const { idleMs, bodyMs, bytesPerSecond } = this.patience;
    const seconds = (bytesRead - waiting.startBytes) / bytesPerSecond;
    return waiting.idleMs >= idleMs || waiting.waitedMs > bodyMs + seconds * 1000;
  }
}
