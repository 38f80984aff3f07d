import { hash } from 'node:crypto';
import { encodeCanonicalJson } from '../../../matrix/canonical-json.js';
import type { EventId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';
import { redactPdu } from './redaction.js';
import type { RoomVersion } from './room-version.js';

const unhashed = new Set(['age_ts', 'unsigned', 'signatures', 'hashes', 'outlier', 'destinations']);

/** The hash over everything that the sender's server says in an event, unpadded base64 (`crypto/event_signing.py`). */
export function contentHashOf(pdu: JsonObject): string {
  return sha256(encodeWithout(pdu, unhashed), 'base64');
}

/** What a signature covers and the event ID is the hash of: the redacted event without signatures. */
export function signedTextOf(version: RoomVersion, pdu: JsonObject): string {
  return encodeWithout(redactPdu(version, pdu), new Set(['signatures', 'age_ts', 'unsigned']));
}

/** The ID of an event of room version 3 or later: the hash of the redacted event. */
export function eventIdOf(version: RoomVersion, pdu: JsonObject): EventId {
  return eventIdFromText(version, signedTextOf(version, pdu));
}

/** The event ID for the text that {@link signedTextOf} gives. */
export function eventIdFromText(version: RoomVersion, signedText: string): EventId {
  return `$${sha256(signedText, version.eventFormat === 2 ? 'base64' : 'base64url')}` as EventId;
}

/** SHA-256 without padding. */
export function sha256(text: string, encoding: 'base64' | 'base64url'): string {
  const digest = hash('sha256', text, encoding);
  return encoding === 'base64' ? digest.replace(/=+$/, '') : digest;
}

function encodeWithout(pdu: JsonObject, left: ReadonlySet<string>): string {
  return encodeCanonicalJson(Object.fromEntries(Object.entries(pdu).filter(([key]) => !left.has(key))));
}
