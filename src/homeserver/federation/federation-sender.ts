import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, type ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import type { Timer } from '../runtime/clock.js';
import type { RoomEmitter } from '../rooms/model/room-emitter.js';
import { isMemberEvent, type RoomEvent } from '../rooms/model/room-event.js';
import type { RoomState } from '../rooms/model/room-state.js';
import type { Deliveries } from './deliveries.js';
import { type FederationClient, federationPath, UnreachableServerError } from './federation-client.js';
import { pduOf } from './handshakes.js';
import type { Peers } from './peers.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { RoomEvents } from '../rooms/model/room-events.js';
import type { Rooms } from '../rooms/model/rooms.js';

interface RoomParts {
  readonly context: HomeserverContext;
  readonly events: RoomEvents;
  readonly rooms: Rooms;
  readonly emitter: RoomEmitter;
}

const maxPdus = 50;
const maxEdus = 100;
/** How long a server that could not be reached is left alone at first, and at most (`util/retryutils.py`). */
const firstPauseMs = 10 * 60_000;
const longestPauseMs = 7 * 24 * 60 * 60_000;

/** What waits for one server. */
interface Queue {
  pdus: RoomEvent[];
  edus: JsonObject[];
  isRunning: boolean;
  /** The next pause when it cannot be reached again. */
  pauseMs: number;
  /** Set while the server is left alone. */
  timer: Timer | undefined;
}

/** Sends events and other news to the other servers of their rooms, to each in order (`federation/sender/`). */
export class FederationSender implements Disposable {
  private readonly queues = new Map<ServerName, Queue>();
  private lastTransaction = 0;

  constructor(
    private readonly services: RoomParts,
    private readonly peers: Peers,
    private readonly client: FederationClient,
    private readonly deliveries: Deliveries,
  ) {
    services.emitter.on('sent', (events) => {
      this.follow(events);
    });
  }

  /** Whether any other server is within reach. */
  get hasPeers(): boolean {
    return !this.peers.isEmpty;
  }

  /** Sends an event to servers within reach. */
  send(event: RoomEvent, servers: Iterable<ServerName>): void {
    this.enqueue(servers, ({ pdus }) => pdus.push(event));
  }

  /** Sends what is no event: typing, receipts, presence, messages to devices. */
  sendEdu(type: string, content: JsonObject, servers: Iterable<ServerName>): void {
    this.enqueue(servers, ({ edus }) => edus.push({ edu_type: type, content }));
  }

  /** A server that was left alone has shown that it is there. */
  wake(server: ServerName): void {
    const queue = this.queues.get(server);
    if (queue?.timer === undefined) return;
    queue.timer.cancel();
    this.resume(server, queue);
  }

  /** The servers that are in a state. */
  serversIn(state: RoomState, event?: RoomEvent): Set<ServerName> {
    const servers = new Set<ServerName>();
    for (const [userId, member] of state.ofType('m.room.member')) {
      if (member.membership === 'join') servers.add(domainOf(userId));
    }
    const before =
      event?.metadata.replaces === undefined ? undefined : this.services.events.find(event.metadata.replaces);
    // Whoever is put out, or no longer invited, must learn of it.
    if (event !== undefined && isMemberEvent(event) && before !== undefined && before.membership !== 'leave') {
      servers.add(domainOf(event.stateKey));
    }
    return servers;
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.queues.values()) timer?.cancel();
  }

  /** Sends events of this server's users to the servers that are, or just were, in the room. */
  private follow(events: readonly RoomEvent[]): void {
    if (!this.hasPeers) return;
    const { serverName } = this.services.context;
    for (const event of events) {
      const room = this.services.rooms.find(event.roomId);
      if (room === undefined || domainOf(event.sender) !== serverName) continue;
      this.send(event, this.serversIn(room.state, event));
    }
  }

  private enqueue(servers: Iterable<ServerName>, add: (queue: Queue) => void): void {
    for (const server of new Set(servers)) {
      if (server === this.services.context.serverName) continue;
      let queue = this.queues.get(server);
      if (queue === undefined) {
        if (this.peers.find(server) === undefined) continue;
        queue = { pdus: [], edus: [], isRunning: false, pauseMs: firstPauseMs, timer: undefined };
        this.queues.set(server, queue);
      }
      add(queue);
      this.start(server, queue);
    }
  }

  private start(server: ServerName, queue: Queue): void {
    if (queue.isRunning || queue.timer !== undefined) return;
    queue.isRunning = true;
    this.services.context.inBackground('events for another server', () => this.empty(server, queue));
  }

  private async empty(server: ServerName, queue: Queue): Promise<void> {
    try {
      while (queue.pdus.length > 0 || queue.edus.length > 0) {
        const pdus = queue.pdus.splice(0, maxPdus);
        if (!(await this.transmit(server, pdus, queue.edus.splice(0, maxEdus)))) {
          this.leaveAlone(server, queue, pdus);
          return;
        }
      }
      this.queues.delete(server);
    } finally {
      queue.isRunning = false;
    }
  }

  private leaveAlone(server: ServerName, queue: Queue, failed: readonly RoomEvent[]): void {
    queue.pdus.unshift(...failed);
    const { pauseMs } = queue;
    queue.pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    queue.timer = this.services.context.clock.after(pauseMs, () => {
      this.resume(server, queue);
    });
  }

  /** The server gets the newest event of each room, and asks for what else it missed itself. */
  private resume(server: ServerName, queue: Queue): void {
    const newest = new Map(queue.pdus.map((event) => [event.roomId, event]));
    queue.pdus = [...newest.values()];
    queue.edus = [];
    queue.timer = undefined;
    this.start(server, queue);
  }

  /** Whether the server took it. */
  private async transmit(
    server: ServerName,
    events: readonly RoomEvent[],
    edus: readonly JsonObject[],
  ): Promise<boolean> {
    const { serverName, clock, log } = this.services.context;
    const txnId = `${clock.now()}-${++this.lastTransaction}`;
    const content: JsonObject = {
      origin: serverName,
      origin_server_ts: clock.now(),
      pdus: events.map(pduOf),
      edus,
    };
    try {
      const answer = await this.client.object('PUT', server, federationPath('/v1/send', txnId), content);
      const results = isJsonObject(answer['pdus']) ? answer['pdus'] : {};
      const isRefused = (event: RoomEvent): boolean => {
        const result = results[event.eventId];
        return isJsonObject(result) && Object.hasOwn(result, 'error');
      };
      await this.deliveries.tell(
        server,
        events.filter((event) => !isRefused(event)),
        'SEND',
      );
      return true;
    } catch (error) {
      if (!(error instanceof SynapseError) && !(error instanceof UnreachableServerError)) throw error;
      log.warn(`Events could not be sent to ${server}`, { err: error });
      return false;
    }
  }
}
