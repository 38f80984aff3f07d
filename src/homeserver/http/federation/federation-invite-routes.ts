import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject } from '../../../matrix/json.js';
import type { FederatedInvites } from '../../federation/federated-invites.js';
import { pythonRepr } from '../../parity/python-repr.js';
import type { FederationEndpoints } from './federation-request.js';
import { JsonAnswer, type Route } from '../server/route.js';

/** Invites from other servers (`federation/transport/server/federation.py`). */
export function federationInviteRoutes(endpoints: FederationEndpoints, invites: FederatedInvites): Route[] {
  return [
    endpoints.route('PUT', '/v2/invite/:roomId/:eventId', async ({ origin, content, params }) => {
      const missing = ['room_version', 'event'].filter((key) => !Object.hasOwn(content, key));
      if (missing.length > 0) {
        throw new SynapseError(400, `Missing params: ${pythonRepr(missing)}`, Codes.MISSING_PARAM);
      }
      const { event, room_version: roomVersion, invite_room_state: given } = content;
      const unsigned = { invite_room_state: Array.isArray(given) ? given : [] };
      const received = isJsonObject(event) ? { ...event, unsigned } : event;
      const { roomId = '', eventId = '' } = params;
      const signed = await invites.receive({ origin, roomId, eventId, event: received, roomVersion });
      return { event: { ...signed, unsigned: {} } };
    }),
    endpoints.route('PUT', '/v1/invite/:roomId/:eventId', async ({ origin, content, params }) => {
      const { roomId = '', eventId = '' } = params;
      // Versions 1 and 2 are all that this endpoint can tell apart, and they differ in nothing that matters here.
      const signed = await invites.receive({ origin, roomId, eventId, event: content, roomVersion: '1' });
      return new JsonAnswer(200, [200, { event: signed }]);
    }),
  ];
}
