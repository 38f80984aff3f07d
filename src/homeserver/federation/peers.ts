import type { ServerName } from '../../matrix/ids.js';

/** Answers a federation request as another server would over the network. */
export type PeerFetch = (request: Request) => Promise<Response>;

/** The other servers within reach: simulated ones in this process. There is no network. */
export class Peers {
  private readonly reachable = new Map<string, PeerFetch>();

  /** Lets a server be reached from now on. */
  connect(serverName: ServerName, fetch: PeerFetch): void {
    this.reachable.set(serverName, fetch);
  }

  get isEmpty(): boolean {
    return this.reachable.size === 0;
  }

  /** Takes a server out of reach. */
  disconnect(serverName: ServerName): void {
    this.reachable.delete(serverName);
  }

  /** How to reach a server; undefined when it is out of reach. */
  find(serverName: string): PeerFetch | undefined {
    return this.reachable.get(serverName);
  }
}
