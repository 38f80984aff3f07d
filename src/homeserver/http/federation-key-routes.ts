import { encodeCanonicalJson } from '../../matrix/canonical-json.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../context.js';
import type { SigningKey } from '../rooms/signing-key.js';
import type { Route } from './route.js';

/** How long others may use this server's key without asking again (`key_refresh_interval`). */
const refreshMs = 86_400_000;

/** This server's key and version, for other servers (`rest/key/v2/local_key_resource.py`). */
export function federationKeyRoutes(context: HomeserverContext, key: SigningKey): Route[] {
  const { serverName, clock } = context;
  let body: (JsonObject & { readonly valid_until_ts: number }) | undefined;
  return [
    {
      method: 'GET',
      paths: ['/_matrix/key/v2/server', '/_matrix/key/v2/server/:keyId'],
      handle: async () => {
        const now = clock.now();
        if (body === undefined || now + refreshMs / 2 > body.valid_until_ts) {
          const keys = {
            old_verify_keys: {},
            server_name: serverName,
            valid_until_ts: now + refreshMs,
            verify_keys: { [key.keyId]: { key: key.publicKey } },
          };
          body = { ...keys, signatures: key.signatures(serverName, encodeCanonicalJson(keys)) };
        }
        return body;
      },
    },
    {
      method: 'GET',
      paths: ['/_matrix/federation/v1/version'],
      handle: async () => ({ server: { name: 'Synapse', version: '1.163.2' } }),
    },
  ];
}
