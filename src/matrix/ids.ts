import { SynapseError } from '../errors/synapse-error.js';
import { Codes } from '../errors/matrix-codes.js';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** `@localpart:server`. */
export type UserId = Branded<string, 'UserId'>;
/** `!opaque:server`, or `!` and 43 characters from room version 12 on. */
export type RoomId = Branded<string, 'RoomId'>;
/** `$hash`. */
export type EventId = Branded<string, 'EventId'>;
/** `#localpart:server`. */
export type RoomAlias = Branded<string, 'RoomAlias'>;
/** `server` or `server:port`. */
export type ServerName = Branded<string, 'ServerName'>;

/** A user ID taken apart at the first colon, or `SynapseError` 400 `M_INVALID_PARAM`. */
export function parseUserId(value: unknown, name = 'user_id'): UserId {
  return parseSigil(value, '@', name) as UserId;
}

/** A room alias, or `SynapseError` 400 `M_INVALID_PARAM`. */
export function parseRoomAlias(value: unknown, name = 'room_alias'): RoomAlias {
  return parseSigil(value, '#', name) as RoomAlias;
}

/** A room ID with or without a server part, or `SynapseError` 400 `M_INVALID_PARAM`. */
export function parseRoomId(value: unknown, name = 'room_id'): RoomId {
  if (typeof value === 'string' && /^!(?:[^:]*:.+|[A-Za-z0-9_-]{43})$/s.test(value)) return value as RoomId;
  throw new SynapseError(400, `Expected ${name} to be a room ID`, Codes.INVALID_PARAM);
}

/** An event ID, or `SynapseError` 400 `M_INVALID_PARAM`. */
export function parseEventId(value: unknown, name = 'event_id'): EventId {
  if (typeof value === 'string' && value.startsWith('$')) return value as EventId;
  throw new SynapseError(400, `Expected ${name} to be an event ID`, Codes.INVALID_PARAM);
}

/** The part between the sigil and the first colon. */
export function localpartOf(id: UserId | RoomAlias): string {
  return id.slice(1, id.indexOf(':'));
}

/** The part after the first colon; empty when there is none (room IDs of version 12). */
export function domainOf(id: UserId | RoomId | RoomAlias): ServerName {
  const colon = id.indexOf(':');
  return (colon < 0 ? '' : id.slice(colon + 1)) as ServerName;
}

function parseSigil(value: unknown, sigil: string, name: string): string {
  if (typeof value !== 'string' || !value.startsWith(sigil) || !value.includes(':')) {
    throw new SynapseError(400, `Expected ${name} to start with '${sigil}' and contain ':'`, Codes.INVALID_PARAM);
  }
  return value;
}
