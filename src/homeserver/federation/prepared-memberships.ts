import { randomBytes } from 'node:crypto';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import type { EventBuilder } from '../rooms/model/event-builder.js';
import type { RemoteChange } from '../rooms/model/remote-rooms.js';
import type { RoomEvent } from '../rooms/model/room-event.js';
import { findRoomVersion, roomVersionNames } from '../rooms/model/room-version.js';
import { isServerName } from '../rooms/model/untrusted-ids.js';
import type { SigningKey } from '../rooms/model/signing-key.js';
import type { HomeserverContext } from '../runtime/context.js';
import { type FederationClient, federationPath, UnreachableServerError } from './federation-client.js';
import { type HandshakeMembership, pduOf } from './handshakes.js';
import { parseReceivedEvent } from './received-event.js';
import { signEvent } from './signing.js';

/** What memberships are signed with. */
export interface PreparingParts {
  readonly context: HomeserverContext;
  readonly signingKey: SigningKey;
  readonly builder: EventBuilder;
}

/** A membership that this server signed, and who prepared it. */
interface Prepared {
  readonly server: ServerName;
  readonly event: RoomEvent;
}

/** Memberships that another server prepares and this one signs (`make_join` and its like). */
export class PreparedMemberships {
  constructor(
    private readonly parts: PreparingParts,
    private readonly client: FederationClient,
  ) {}

  /** Has a server of the room prepare a membership, and signs it. */
  async prepare(membership: HandshakeMembership, change: RemoteChange): Promise<Prepared> {
    const { serverName } = this.parts.context;
    const servers = [...new Set(change.hosts)].filter(isServerName).filter((host) => host !== serverName);
    const versions =
      membership === 'leave'
        ? ''
        : `?${roomVersionNames()
            .map((id) => `ver=${id}`)
            .join('&')}`;
    const path = `${federationPath(`/v1/make_${membership}`, change.roomId, change.target)}${versions}`;
    for (const server of servers) {
      try {
        const template = await this.client.object('GET', server, path);
        return { server, event: this.sign(membership, change, template) };
      } catch (error) {
        const isFailover =
          error instanceof UnreachableServerError || (error instanceof SynapseError && error.status >= 500);
        if (!isFailover) throw error;
      }
    }
    throw new SynapseError(502, `Failed to make_${membership} via any server`);
  }

  private sign(membership: HandshakeMembership, change: RemoteChange, template: JsonObject): RoomEvent {
    const version = findRoomVersion(template['room_version'] ?? '1');
    if (version === undefined) {
      throw new SynapseError(400, 'Homeserver does not support this room version', Codes.UNSUPPORTED_ROOM_VERSION);
    }
    const { event } = template;
    if (!isJsonObject(event)) throw new UnreachableServerError('The prepared event is none');
    const { context, signingKey, builder } = this.parts;
    const content = isJsonObject(event['content']) ? event['content'] : {};
    const pdu = {
      ...event,
      type: 'm.room.member',
      room_id: change.roomId,
      sender: change.target,
      state_key: change.target,
      content: { ...content, ...change.content, membership },
      origin_server_ts: context.clock.now(),
      ...(version.eventFormat === 1 && { event_id: `$${randomBytes(14).toString('hex')}:${context.serverName}` }),
    };
    return parseReceivedEvent(signEvent(version, pdu, context.serverName, signingKey), version, builder.sign);
  }

  /** Hands a signed membership in to the server that prepared it. */
  handIn(server: ServerName, path: string, event: RoomEvent): Promise<JsonObject> {
    return this.client.object('PUT', server, federationPath(path, event.roomId, event.eventId), pduOf(event));
  }
}
