import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** One request and its answer. */
interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

const badRequest = 'HTTP/1.1 400 Bad Request\r\n\r\n';

/**
 * Refuses what is not a request, and closes its connection, as `twisted.web.http.HTTPChannel` does: requests that came before on
 * the same connection are answered first, because a 400 in the midst of an answer would be a part of it, and those behind it are
 * never looked at.
 */
export class RefusedRequests {
  private readonly exchanges = new WeakMap<Duplex, readonly Exchange[]>();
  private readonly refused = new WeakSet<Duplex>();

  /** Whether a request may be answered: it is not behind one that was refused. */
  admit(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { socket } = incoming;
    if (this.refused.has(socket)) return false;
    this.exchanges.set(socket, [...this.openOn(socket), { incoming, outgoing }]);
    return true;
  }

  /** Answers 400 to what node's parser takes and Twisted's does not. */
  refuse(socket: Duplex): void {
    this.closeBehindAnswers(socket, badRequest);
  }

  /** Answers 400 to what node's parser refuses; a client that says nothing more just loses its connection. */
  readonly onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else this.closeBehindAnswers(socket, error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '' : badRequest);
  };

  private closeBehindAnswers(socket: Duplex, text: string): void {
    // Node tells of each piece of data behind the one that broke.
    if (this.refused.has(socket)) return;
    this.refused.add(socket);
    const open = this.openOn(socket);
    const last = open.at(-1);
    // The body of the last request broke off, so that its handler may wait for ever: its answer is not awaited.
    const broken = last?.incoming.complete === false ? last : undefined;
    const awaited = broken === undefined ? open : open.slice(0, -1);
    whenAllAreClosed(awaited, () => {
      if (!socket.writable || broken?.outgoing.headersSent === true) socket.destroy();
      // What is only half closed stays open as long as the client likes.
      else
        socket.end(text, () => {
          socket.destroy();
        });
    });
  }

  private openOn(socket: Duplex): readonly Exchange[] {
    const all = this.exchanges.get(socket) ?? [];
    return all.filter(({ outgoing }) => !outgoing.writableFinished && !outgoing.destroyed);
  }
}

function whenAllAreClosed(exchanges: readonly Exchange[], then: () => void): void {
  let open = exchanges.length;
  if (open === 0) then();
  for (const { outgoing } of exchanges) {
    outgoing.once('close', () => {
      open--;
      if (open === 0) then();
    });
  }
}
