import { federationInviteRoutes } from './federation-invite-routes.js';
import { federationKeyRoutes } from './federation-key-routes.js';
import { FederationEndpoints } from './federation-request.js';
import { federationHandshakeRoutes, federationRoomRoutes } from './federation-room-routes.js';
import { federationQueryRoutes, type FederationQueryDeps } from './federation-query-routes.js';
import type { Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { OwnKeys } from '../../federation/own-keys.js';
import type { KeyRing } from '../../federation/key-ring.js';
import type { KeyNotary } from '../../federation/key-notary.js';
import type { FederatedInvites } from '../../federation/federated-invites.js';
import type { Handshakes } from '../../federation/handshakes.js';
import type { RoomReader } from '../../federation/room-reader.js';
import type { Transactions } from '../../federation/transactions.js';

interface RoomParts {
  readonly context: HomeserverContext;
}

interface FederationParts {
  readonly rooms: RoomParts;
  readonly ownKeys: OwnKeys;
  readonly keys: KeyRing;
  readonly notary: KeyNotary;
  readonly invites: FederatedInvites;
  readonly handshakes: Handshakes;
  readonly reader: RoomReader;
  readonly transactions: Transactions;
}

/** The endpoints for other servers. */
export function federationRoutes(services: FederationParts, deps: FederationQueryDeps): Route[] {
  const { context } = services.rooms;
  const endpoints = new FederationEndpoints({ context, keys: services.keys });
  return [
    ...federationKeyRoutes(services),
    ...federationInviteRoutes(endpoints, services.invites),
    ...federationRoomRoutes(endpoints, services),
    ...federationHandshakeRoutes(endpoints, services),
    ...federationQueryRoutes(endpoints, deps),
  ];
}
