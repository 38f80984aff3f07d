import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { ServerName } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../matrix/json.js';
import { contentHashOf, signedTextOf } from '../rooms/model/event-hash.js';
import type { RoomVersion } from '../rooms/model/room-version.js';
import type { SigningKey } from '../rooms/model/signing-key.js';

/** A request from one server to another. */
export interface ServerRequest {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly destination: ServerName;
  readonly content?: JsonObject;
}

/** The header `Authorization` for a request of a server. */
export function authorizationFor(request: ServerRequest, origin: ServerName, key: SigningKey): string {
  const signature = key.sign(encodeCanonicalJson({ ...request, origin }));
  return `X-Matrix origin="${origin}",destination="${request.destination}",key="${key.keyId}",sig="${signature}"`;
}

/** An event with its hash and the signature of a server. */
export function signEvent(version: RoomVersion, pdu: JsonObject, server: ServerName, key: SigningKey): JsonObject {
  const { signatures, unsigned: _unsigned, hashes: _hashes, ...event } = pdu;
  const hashed = { ...event, hashes: { sha256: contentHashOf(event) } };
  const own = key.signatures(server, signedTextOf(version, hashed));
  return { ...hashed, signatures: { ...(isJsonObject(signatures) && signatures), ...own } };
}
