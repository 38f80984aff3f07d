import type { FederationServices } from '../../compose/federation-services.js';
import { federationInviteRoutes } from './federation-invite-routes.js';
import { federationKeyRoutes } from './federation-key-routes.js';
import { FederationEndpoints } from './federation-request.js';
import { federationHandshakeRoutes, federationRoomRoutes } from './federation-room-routes.js';
import { federationQueryRoutes, type FederationQueryDeps } from './federation-query-routes.js';
import type { Route } from '../server/route.js';

/** The endpoints for other servers. */
export function federationRoutes(services: FederationServices, deps: FederationQueryDeps): Route[] {
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
