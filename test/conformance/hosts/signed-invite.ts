import { authorizationFor, signEvent } from '../../../src/homeserver/federation/signing.js';
import { eventIdOf } from '../../../src/homeserver/rooms/model/event-hash.js';
import { findRoomVersion } from '../../../src/homeserver/rooms/model/room-version.js';
import { SigningKey } from '../../../src/homeserver/rooms/model/signing-key.js';
import type { ServerName } from '../../../src/matrix/ids.js';
import type { Json } from '../format.js';
import type { FederationInvite, SignedRequest } from '../host.js';

/** A server that is nowhere, whose key the homeserver must know. */
export const puppetServer = 'fake.test' as ServerName;
export const puppetServerKey = new SigningKey('ed25519:1', Buffer.from('puppet'.repeat(5) + 'pu').toString('base64'));

/** An invite signed by {@link puppetServer}, ready to be sent to a homeserver. */
export function signInvite(invite: FederationInvite, destination: ServerName, now = Date.now()): SignedRequest {
  const version = findRoomVersion('10');
  if (version === undefined) throw new Error('room version 10 is unknown');
  const event = signEvent(
    version,
    {
      type: 'm.room.member',
      room_id: invite.room_id,
      sender: invite.sender,
      state_key: invite.target,
      content: { membership: 'invite' },
      origin_server_ts: now,
      depth: 5,
      prev_events: [`$${'p'.repeat(43)}`],
      auth_events: [`$${'a'.repeat(43)}`],
    },
    puppetServer,
    puppetServerKey,
  );
  const uri = `/_matrix/federation/v2/invite/${invite.room_id}/${eventIdOf(version, event)}`;
  const content = { room_version: '10', event, invite_room_state: [] };
  return {
    method: 'PUT',
    path: uri,
    body: content as unknown as Json,
    authorization: authorizationFor({ method: 'PUT', uri, destination, content }, puppetServer, puppetServerKey),
  };
}
