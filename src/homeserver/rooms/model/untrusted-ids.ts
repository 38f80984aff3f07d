import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { EventId, RoomAlias, RoomId, ServerName, UserId } from '../../../matrix/ids.js';

/** A user ID from outside, or 400 `M_INVALID_PARAM` with Synapse's texts (`types/__init__.py: UserID.from_string`). */
export function toUserId(value: unknown): UserId {
  return parseId(value, '@', 'UserID') as UserId;
}

/** A room alias from outside, or 400 `M_INVALID_PARAM`. */
export function toRoomAlias(value: unknown): RoomAlias {
  return parseId(value, '#', 'RoomAlias') as RoomAlias;
}

/** A room ID from outside, or 400 `M_INVALID_PARAM`. */
export function toRoomId(value: unknown): RoomId {
  if (typeof value === 'string' && value.includes(':')) return parseId(value, '!', 'RoomIdWithDomain') as RoomId;
  if (typeof value !== 'string' || !value.startsWith('!')) {
    throw invalid("Expected RoomID string to start with '!'");
  }
  if (!/^![A-Za-z0-9_-]{43}$/.test(value)) {
    throw invalid(`Expected RoomID string to be valid urlsafe unpadded base64 '${value.slice(1)}'`);
  }
  return value as RoomId;
}

/** Whether a text is a user ID whose server could exist. */
export function isUserId(text: string): text is UserId {
  return isId(text, '@');
}

/** Whether a text could be an event ID. */
export function isEventId(text: string): text is EventId {
  return text.startsWith('$');
}

/** Whether a text is a room alias whose server could exist. */
export function isRoomAlias(text: string): text is RoomAlias {
  return isId(text, '#');
}

/** Whether a text is a room ID, with the server part of old room versions or without. */
export function isRoomId(text: string): text is RoomId {
  return text.includes(':') ? isId(text, '!') : /^![A-Za-z0-9_-]{43}$/.test(text);
}

/** Whether a text could be a server name: host or address, and perhaps a port (`util/stringutils.py: parse_and_validate_server_name`). */
export function isServerName(text: string): text is ServerName {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text);
  if (match === null) return false;
  const host = match[1] ?? '';
  if (host.startsWith('[')) return /^\[[0-9a-fA-F:.]+\]$/.test(host) && URL.canParse(`http://${host}/`);
  return /^[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*$/.test(host);
}

function isId(text: string, sigil: string): boolean {
  const colon = text.indexOf(':');
  return text.startsWith(sigil) && colon > 0 && isServerName(text.slice(colon + 1));
}

function parseId(value: unknown, sigil: string, name: string): string {
  if (typeof value !== 'string' || !value.startsWith(sigil)) {
    throw invalid(`Expected ${name} string to start with '${sigil}'`);
  }
  if (!value.includes(':')) throw invalid(`Expected ${name} of the form '${sigil}localname:domain'`);
  return value;
}

function invalid(message: string): SynapseError {
  return new SynapseError(400, message, Codes.INVALID_PARAM);
}
