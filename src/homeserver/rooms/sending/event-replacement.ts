import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type EventId, type RoomId, type ServerName } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import type { EventDraft } from '../model/event-builder.js';
import { validateDraft } from '../auth/event-validation.js';
import type { RoomEvent } from '../model/room-event.js';
import { toRoomId, toUserId } from '../model/untrusted-ids.js';

const blame = 'Third party rules module created an invalid event: ';

/**
 * What a module made of an event (`handlers/message.py: _rebuild_event_after_third_party_rules`). Its mistakes are no mistakes
 * of the client: 500, as in Synapse.
 */
export function readReplacement(given: JsonObject, original: RoomEvent, serverName: ServerName): EventDraft {
  // As it comes over the bridge: what has a `toJSON` is what that makes of it.
  const replacement = JSON.parse(JSON.stringify(given)) as JsonObject;
  checkMembers(replacement);
  const hasNoRoomYet = original.type === 'm.room.create' && original.version.hasCreatorPower;
  const roomId = hasNoRoomYet ? undefined : original.roomId;
  const draft = blamingModule(() => readDraft(replacement, roomId));
  const unchanged: readonly (readonly [string, unknown, unknown])[] = [
    ['room_id', replacement['room_id'] ?? undefined, roomId],
    ['type', draft.type, original.type],
    ['state_key', draft.stateKey, original.stateKey],
  ];
  const changed = unchanged.find(([, now, before]) => now !== before);
  if (changed !== undefined) throw new Error(`${blame}cannot change field ${changed[0]}`);
  if (domainOf(draft.sender) !== serverName) throw new Error(`${blame}invalid sender ${draft.sender}`);
  checkBuildable(replacement);
  return draft;
}

function checkMembers(replacement: JsonObject): void {
  const { type, sender, content = {}, unsigned = {} } = replacement;
  if (type === undefined || sender === undefined) throw new Error(`${blame}it lacks type or sender`);
  if (!isJsonObject(unsigned)) throw new Error(`${blame}its unsigned data is no object`);
  // Synapse looks for names in a text as it does in an object, and fails over anything else.
  if (!isJsonObject(content) && typeof content !== 'string') throw new Error(`${blame}its content is no object`);
}

function checkBuildable({ content = {}, origin_server_ts: sentAt = null }: JsonObject): void {
  if (!isJsonObject(content)) throw new Error(`${blame}its content is no object`);
  if (sentAt !== null && typeof sentAt !== 'number') throw new SynapseError(400, 'Invalid event JSON', Codes.BAD_JSON);
}

function readDraft(replacement: JsonObject, roomId: RoomId | undefined): EventDraft {
  const { content, redacts, origin_server_ts: sentAt, state_key: stateKey } = replacement;
  if (roomId !== undefined) readText('room_id', replacement['room_id']);
  readText('sender', replacement['sender']);
  const type = readText('type', replacement['type']);
  if (stateKey !== undefined && stateKey !== null) readText('state_key', stateKey);
  if (roomId !== undefined) toRoomId(replacement['room_id']);
  const draft: EventDraft = {
    type,
    sender: toUserId(replacement['sender']),
    content: isJsonObject(content) ? content : {},
    ...(typeof stateKey === 'string' && { stateKey }),
    ...(typeof redacts === 'string' && { redacts: redacts as EventId }),
    ...(typeof sentAt === 'number' && { originServerTs: sentAt }),
  };
  validateDraft(draft, roomId);
  return draft;
}

function readText(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new SynapseError(400, `Not '${name}' a string type`);
  return value;
}

function blamingModule<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SynapseError)) throw error;
    throw new SynapseError(500, `${blame}${error.message}`, error.errcode, {}, {}, { cause: error });
  }
}
