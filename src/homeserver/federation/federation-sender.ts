import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, type ServerName, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import type { RoomEvent } from '../rooms/room-event.js';
import type { RoomServices } from '../rooms/room-services.js';
import type { RoomState } from '../rooms/room-state.js';
import type { Deliveries } from './deliveries.js';
import { type FederationClient, federationPath, UnreachableServerError } from './federation-client.js';
import { pduOf } from './handshakes.js';
import type { Peers } from './peers.js';

const maxPdus = 50;

/** Sends events to the other servers of their rooms, to each in order (`federation/sender/`). */
export class FederationSender {
  private readonly queues = new Map<ServerName, RoomEvent[]>();
  private lastTransaction = 0;

  constructor(
    private readonly services: RoomServices,
    private readonly peers: Peers,
    private readonly client: FederationClient,
    private readonly deliveries: Deliveries,
  ) {}

  /** Sends events of this server's users to the servers that are, or just were, in the room. */
  follow(events: readonly RoomEvent[]): void {
    if (this.peers.isEmpty) return;
    const { serverName } = this.services.context;
    for (const event of events) {
      const room = this.services.rooms.find(event.roomId);
      if (room === undefined || domainOf(event.sender) !== serverName) continue;
      this.send(event, this.serversIn(room.state, event));
    }
  }

  /** Sends an event to servers within reach. */
  send(event: RoomEvent, servers: Iterable<ServerName>): void {
    for (const server of new Set(servers)) {
      if (server === this.services.context.serverName || this.peers.find(server) === undefined) continue;
      const queue = this.queues.get(server);
      if (queue !== undefined) {
        queue.push(event);
        continue;
      }
      this.queues.set(server, [event]);
      this.services.context.inBackground('events for another server', () => this.empty(server));
    }
  }

  /** The servers that are in a state. */
  serversIn(state: RoomState, event?: RoomEvent): Set<ServerName> {
    const servers = new Set<ServerName>();
    for (const [userId, member] of state.ofType('m.room.member')) {
      if (member.membership === 'join') servers.add(domainOf(userId as UserId));
    }
    const before =
      event?.metadata.replaces === undefined ? undefined : this.services.events.find(event.metadata.replaces);
    // Whoever is put out, or no longer invited, must learn of it.
    if (event?.type === 'm.room.member' && before !== undefined && before.membership !== 'leave') {
      servers.add(domainOf(event.stateKey as UserId));
    }
    return servers;
  }

  private async empty(server: ServerName): Promise<void> {
    const queue = this.queues.get(server) ?? [];
    try {
      while (queue.length > 0) await this.transmit(server, queue.splice(0, maxPdus));
    } finally {
      this.queues.delete(server);
    }
  }

  private async transmit(server: ServerName, events: readonly RoomEvent[]): Promise<void> {
    const { serverName, clock, log } = this.services.context;
    const txnId = `${clock.now()}-${++this.lastTransaction}`;
    const content: JsonObject = {
      origin: serverName,
      origin_server_ts: clock.now(),
      pdus: events.map(pduOf),
      edus: [],
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
    } catch (error) {
      if (!(error instanceof SynapseError) && !(error instanceof UnreachableServerError)) throw error;
      log.warn(`Events could not be sent to ${server}`, { err: error });
    }
  }
}
