import { SynapseError } from '../errors/synapse-error.js';
import { Codes } from '../errors/matrix-codes.js';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/**
 * `@localpart:server`.
 *
 * @example
 * ```ts
 * import { type UserId } from 'vesicle';
 * const isServiceUser = (userId: UserId) => userId.startsWith('@_');
 * ```
 */
export type UserId = Branded<string, 'UserId'>;
/**
 * `!opaque:server`, or `!` and 43 characters from room version 12 on.
 *
 * @example
 * ```ts
 * import { type RoomId } from 'vesicle';
 * const rooms = new Set<RoomId>();
 * ```
 */
export type RoomId = Branded<string, 'RoomId'>;
/**
 * `$hash`.
 *
 * @example
 * ```ts
 * import { type EventId } from 'vesicle';
 * const seen = new Set<EventId>();
 * ```
 */
export type EventId = Branded<string, 'EventId'>;
/**
 * `#localpart:server`.
 *
 * @example
 * ```ts
 * import { type RoomAlias } from 'vesicle';
 * const aliases = new Map<string, RoomAlias>();
 * ```
 */
export type RoomAlias = Branded<string, 'RoomAlias'>;
/**
 * `server` or `server:port`.
 *
 * @example
 * ```ts
 * import { domainOf, parseUserId, type ServerName } from 'vesicle';
 * const blocked: readonly ServerName[] = [domainOf(parseUserId('@a:bad.example'))];
 * ```
 */
export type ServerName = Branded<string, 'ServerName'>;

/**
 * A user ID taken apart at the first colon, or `SynapseError` 400 `M_INVALID_PARAM`.
 *
 * @example
 * ```ts
 * import { parseUserId } from 'vesicle';
 * const userId = parseUserId('@alice:example.org');
 * ```
 */
export function parseUserId(value: unknown, name = 'user_id'): UserId {
  return parseSigil(value, '@', 'UserID', name) as UserId;
}

/**
 * A room alias, or `SynapseError` 400 `M_INVALID_PARAM`.
 *
 * @example
 * ```ts
 * import { parseRoomAlias } from 'vesicle';
 * const alias = parseRoomAlias('#lobby:example.org');
 * ```
 */
export function parseRoomAlias(value: unknown, name = 'room_alias'): RoomAlias {
  return parseSigil(value, '#', 'RoomAlias', name) as RoomAlias;
}

/**
 * A room ID with or without a server part, or `SynapseError` 400 `M_INVALID_PARAM`.
 *
 * @example
 * ```ts
 * import { parseRoomId } from 'vesicle';
 * const roomId = parseRoomId('!abc:example.org');
 * ```
 */
export function parseRoomId(value: unknown, name = 'room_id'): RoomId {
  if (typeof value === 'string' && /^!(?:[^:]*:.+|[A-Za-z0-9_-]{43})$/s.test(value)) return value as RoomId;
  throw new SynapseError(400, `Expected ${name} to be a room ID`, Codes.INVALID_PARAM);
}

/**
 * An event ID, or `SynapseError` 400 `M_INVALID_PARAM`.
 *
 * @example
 * ```ts
 * import { parseEventId } from 'vesicle';
 * const eventId = parseEventId('$abc');
 * ```
 */
export function parseEventId(value: unknown, name = 'event_id'): EventId {
  if (typeof value === 'string' && value.startsWith('$')) return value as EventId;
  throw new SynapseError(400, `Expected ${name} to be an event ID`, Codes.INVALID_PARAM);
}

/**
 * The part between the sigil and the first colon.
 *
 * @example
 * ```ts
 * import { localpartOf, parseUserId } from 'vesicle';
 * const name = localpartOf(parseUserId('@alice:example.org')); // 'alice'
 * ```
 */
export function localpartOf(id: UserId | RoomAlias): string {
  return id.slice(1, id.indexOf(':'));
}

/**
 * The part after the first colon; empty when there is none (room IDs of version 12).
 *
 * @example
 * ```ts
 * import { domainOf, parseUserId } from 'vesicle';
 * const server = domainOf(parseUserId('@alice:example.org')); // 'example.org'
 * ```
 */
export function domainOf(id: UserId | RoomId | RoomAlias): ServerName {
  return serverIn(id);
}

/** The ID of a user of a server. */
export function userIdOf(localpart: string, serverName: ServerName): UserId {
  return `@${localpart}:${serverName}` as UserId;
}

/** Whether an ID of any kind names a server after its first colon. */
export function isOnServer(id: string, serverName: string): boolean {
  return serverIn(id) === serverName;
}

/** What stands after the first colon of an ID that nobody has checked (`types/__init__.py: get_domain_from_id`). */
export function serverIn(id: string): ServerName {
  const colon = id.indexOf(':');
  return (colon < 0 ? '' : id.slice(colon + 1)) as ServerName;
}

function parseSigil(value: unknown, sigil: string, kind: string, name: string): string {
  if (typeof value !== 'string') {
    throw new SynapseError(400, `Expected ${name} to be a string`, Codes.INVALID_PARAM);
  }
  if (!value.startsWith(sigil)) {
    throw new SynapseError(400, `Expected ${kind} string to start with '${sigil}'`, Codes.INVALID_PARAM);
  }
  if (!value.includes(':')) {
    throw new SynapseError(400, `Expected ${kind} of the form '${sigil}localname:domain'`, Codes.INVALID_PARAM);
  }
  return value;
}
