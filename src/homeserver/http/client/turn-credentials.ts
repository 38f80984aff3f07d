import { createHmac } from 'node:crypto';
import type { HomeserverConfig } from '../../../config/homeserver/homeserver-config.js';
import type { UserId } from '../../../matrix/ids.js';
import type { JsonObject } from '../../../matrix/json.js';

/** Credentials for the TURN servers of the configuration; nothing when there are none (`rest/client/voip.py`). */
export function turnCredentials(config: HomeserverConfig, userId: UserId, now: number): JsonObject {
  const { turnUris, turnSharedSecret, turnUserLifetime, turnUsername, turnPassword } = config;
  if (turnUris.length === 0) return {};
  const rest = { ttl: turnUserLifetime / 1000, uris: turnUris };
  if (turnSharedSecret !== undefined && turnUserLifetime > 0) {
    const username = `${Math.trunc((now + turnUserLifetime) / 1000)}:${userId}`;
    const password = createHmac('sha1', turnSharedSecret).update(username).digest('base64');
    return { username, password, ...rest };
  }
  if (turnUsername === undefined || turnPassword === undefined) return {};
  return { username: turnUsername, password: turnPassword, ...rest };
}
