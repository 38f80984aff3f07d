import type { ServerName } from '../../matrix/ids.js';
import { parseJsonObject } from '../../matrix/untrusted-json.js';
import type { JsonObject } from '../../matrix/json.js';
import type { RoomServices } from './room-services.js';
import { FederationStore } from '../store/federation-store.js';
import { Deliveries } from '../federation/deliveries.js';
import { EventChecks } from '../federation/event-checks.js';
import { EventNews } from '../federation/event-news.js';
import { FederatedInvites } from '../federation/federated-invites.js';
import { FederationClient } from '../federation/federation-client.js';
import { FederationSender } from '../federation/federation-sender.js';
import { Handshakes } from '../federation/handshakes.js';
import { IncomingEvents } from '../federation/incoming-events.js';
import { KeyNotary } from '../federation/key-notary.js';
import { KeyRing } from '../federation/key-ring.js';
import { OutgoingEdus } from '../federation/outgoing-edus.js';
import { OutgoingMemberships } from '../federation/outgoing-memberships.js';
import { OwnKeys } from '../federation/own-keys.js';
import { PeerEvents } from '../federation/peer-events.js';
import { Peers } from '../federation/peers.js';
import { RoomReader } from '../federation/room-reader.js';
import { ServerKeys } from '../federation/server-keys.js';
import { type EduHandlers, Transactions } from '../federation/transactions.js';

/** What this server does with other servers, made once. */
export class FederationServices implements Disposable {
  readonly peers = new Peers();
  readonly ownKeys: OwnKeys;
  readonly keys: KeyRing;
  readonly notary: KeyNotary;
  readonly checks: EventChecks;
  readonly news: EventNews;
  readonly invites: FederatedInvites;
  readonly client: FederationClient;
  readonly peerEvents: PeerEvents;
  readonly incoming: IncomingEvents;
  readonly deliveries: Deliveries;
  readonly handshakes: Handshakes;
  readonly sender: FederationSender;
  readonly edus: OutgoingEdus;
  readonly remoteRooms: OutgoingMemberships;
  readonly reader: RoomReader;
  readonly transactions: Transactions;

  constructor(
    readonly rooms: RoomServices,
    edus: EduHandlers = new Map(),
  ) {
    const { context, signingKey } = rooms;
    const { serverName, clock } = context;
    const keys = new ServerKeys(context, (server) => this.fetchKeys(server));
    this.ownKeys = new OwnKeys(serverName, signingKey, clock);
    this.keys = new KeyRing(serverName, signingKey, keys);
    this.notary = new KeyNotary({ serverName, key: signingKey, clock, keys });
    this.checks = new EventChecks(this.keys, context.dispatch);
    this.news = new EventNews(context, rooms.rooms);
    this.invites = new FederatedInvites(rooms, this.checks, this.news);
    this.client = new FederationClient(serverName, signingKey, this.peers);
    this.peerEvents = new PeerEvents(this.client, this.checks, rooms.builder.sign);
    this.incoming = new IncomingEvents(rooms, this.checks, this.news, this.peerEvents);
    this.deliveries = new Deliveries(context.dispatch);
    const { checks, incoming, deliveries } = this;
    this.sender = new FederationSender(rooms, this.peers, this.client, deliveries);
    const { sender } = this;
    this.edus = new OutgoingEdus(rooms, sender);
    this.remoteRooms = new OutgoingMemberships(rooms, this.client, checks, incoming, this.peerEvents);
    this.handshakes = new Handshakes(rooms, checks, incoming, deliveries, ({ event, stateBefore }, origin) => {
      const servers = sender.serversIn(stateBefore);
      servers.delete(origin);
      sender.send(event, servers);
    });
    this.reader = new RoomReader(rooms, incoming.graph, deliveries);
    this.transactions = new Transactions(
      rooms,
      new FederationStore(context.database),
      checks,
      incoming,
      edus,
      (origin) => {
        sender.wake(origin);
      },
    );
  }

  [Symbol.dispose](): void {
    this.sender[Symbol.dispose]();
  }

  private async fetchKeys(server: ServerName): Promise<JsonObject | undefined> {
    if (server === this.rooms.context.serverName) return this.ownKeys.get();
    const fetch = this.peers.find(server);
    if (fetch === undefined) return undefined;
    const response = await fetch(new Request(`http://${server}/_matrix/key/v2/server`));
    return response.ok ? parseJsonObject(new Uint8Array(await response.arrayBuffer())) : undefined;
  }
}
