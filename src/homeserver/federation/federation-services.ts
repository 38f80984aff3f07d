import { type ServerName } from '../../matrix/ids.js';
import { parseJsonObject } from '../../matrix/untrusted-json.js';
import { type JsonObject } from '../../matrix/json.js';
import { type RoomServices } from '../rooms/room-services.js';
import { EventChecks } from './event-checks.js';
import { EventNews } from './event-news.js';
import { FederatedInvites } from './federated-invites.js';
import { KeyRing } from './key-ring.js';
import { Peers } from './peers.js';

/** What this server does with other servers, made once. */
export class FederationServices {
  readonly peers = new Peers();
  readonly keys: KeyRing;
  readonly checks: EventChecks;
  readonly news: EventNews;
  readonly invites: FederatedInvites;

  constructor(readonly rooms: RoomServices) {
    const { context } = rooms;
    this.keys = new KeyRing(context.serverName, rooms.signingKey, (server) => this.fetchKeys(server));
    this.checks = new EventChecks(this.keys, context.dispatch);
    this.news = new EventNews(context, rooms.rooms);
    this.invites = new FederatedInvites(rooms, this.checks, this.news);
  }

  private async fetchKeys(server: ServerName): Promise<JsonObject | undefined> {
    const fetch = this.peers.find(server);
    if (fetch === undefined) return undefined;
    const response = await fetch(new Request(`http://${server}/_matrix/key/v2/server`));
    return response.ok ? parseJsonObject(new Uint8Array(await response.arrayBuffer())) : undefined;
  }
}
