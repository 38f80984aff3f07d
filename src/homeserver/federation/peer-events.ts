import { SynapseError } from '../../errors/synapse-error.js';
import type { ServerName } from '../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import type { RoomEvent, EventSigner } from '../rooms/model/room-event.js';
import type { RoomVersion } from '../rooms/model/room-version.js';
import type { Room } from '../rooms/model/rooms.js';
import { type EventChecks, EventSignatureError } from './event-checks.js';
import { type FederationClient, federationPath, UnreachableServerError } from './federation-client.js';
import type { EventSource } from './incoming-events.js';
import { parseReceivedEvent } from './received-event.js';

/** Events that other servers are asked for (`federation/federation_client.py`). */
export class PeerEvents implements EventSource {
  constructor(
    private readonly client: FederationClient,
    private readonly checks: EventChecks,
    private readonly sign: EventSigner,
  ) {}

  readonly missingBefore = async (origin: ServerName, room: Room, event: RoomEvent): Promise<readonly RoomEvent[]> => {
    const body = await this.ask('POST', origin, federationPath('/v1/get_missing_events', room.roomId), {
      earliest_events: room.extremities.map((extremity) => extremity.eventId),
      latest_events: [event.eventId],
      limit: 10,
      min_depth: 0,
    });
    // They are checked one by one as they are taken in.
    return this.parse(body['events'], room.version);
  };

  readonly authOf = async (origin: ServerName, event: RoomEvent): Promise<readonly RoomEvent[]> => {
    const body = await this.ask('GET', origin, federationPath('/v1/event_auth', event.roomId, event.eventId));
    return this.checked(body['auth_chain'], event.version);
  };

  /** Events that are signed as they must be; others are left out. */
  async checked(pdus: JsonValue | undefined, version: RoomVersion): Promise<RoomEvent[]> {
    const events: RoomEvent[] = [];
    for (const event of this.parse(pdus, version)) {
      try {
        events.push(await this.checks.check(event));
      } catch (error) {
        if (!(error instanceof EventSignatureError)) throw error;
      }
    }
    return events;
  }

  private parse(pdus: JsonValue | undefined, version: RoomVersion): RoomEvent[] {
    if (!Array.isArray(pdus)) return [];
    return (pdus as readonly JsonValue[]).flatMap((pdu) => {
      try {
        return parseReceivedEvent(pdu, version, this.sign);
      } catch (error) {
        if (error instanceof SynapseError) return [];
        throw error;
      }
    });
  }

  private async ask(method: string, origin: ServerName, path: string, content?: JsonObject): Promise<JsonObject> {
    try {
      return await this.client.object(method, origin, path, content);
    } catch (error) {
      if (error instanceof UnreachableServerError || error instanceof SynapseError) return {};
      throw error;
    }
  }
}
