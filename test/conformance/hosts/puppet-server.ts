import { eventIdOf } from '../../../src/homeserver/rooms/event-hash.js';
import { authorizationFor, signEvent } from '../../../src/homeserver/federation/signing.js';
import type { Homeserver } from '../../../src/homeserver/homeserver.js';
import { findRoomVersion } from '../../../src/homeserver/rooms/room-version.js';
import { SigningKey } from '../../../src/homeserver/rooms/signing-key.js';
import type { ServerName } from '../../../src/matrix/ids.js';
import type { FederationInvite, SignedRequest } from '../host.js';
import type { Json } from '../format.js';

const serverName = 'fake.test' as ServerName;
const key = new SigningKey('ed25519:1', Buffer.from('puppet'.repeat(5) + 'pu').toString('base64'));

/** An invite signed by a server that is nowhere, ready to be sent; the homeserver gets to know its key. */
export function inviteFromPuppet(homeserver: Homeserver, invite: FederationInvite): SignedRequest {
  const { services, context } = homeserver;
  const now = context.clock.now();
  const { keyId, publicKey } = key;
  services.federation.keys.add(serverName, { keyId, publicKey, validUntil: now + 1_000_000_000 });
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
    serverName,
    key,
  );
  const uri = `/_matrix/federation/v2/invite/${invite.room_id}/${eventIdOf(version, event)}`;
  const content = { room_version: '10', event, invite_room_state: [] };
  const request = { method: 'PUT', uri, destination: context.serverName, content };
  return {
    method: 'PUT',
    path: uri,
    body: content as unknown as Json,
    authorization: authorizationFor(request, serverName, key),
  };
}
