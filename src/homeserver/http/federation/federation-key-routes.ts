import type { ServerName } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { KeyQuery, KeyNotary } from '../../federation/key-notary.js';
import { checkModel, isInteger, isMapOf, isModel } from '../server/fields.js';
import { queryInteger } from '../server/query.js';
import type { Call, Route } from '../server/route.js';
import type { OwnKeys } from '../../federation/own-keys.js';

interface FederationParts {
  readonly ownKeys: OwnKeys;
  readonly notary: KeyNotary;
}

/** This server's key and version, and the keys of others that it vouches for, for other servers (`rest/key/v2/`). */
export function federationKeyRoutes({ ownKeys, notary }: FederationParts): Route[] {
  const answer = async (query: KeyQuery): Promise<JsonObject> => ({ server_keys: await notary.answer(query) });
  return [
    {
      method: 'GET',
      paths: ['/_matrix/key/v2/server', '/_matrix/key/v2/server/:keyId'],
      handle: async () => ownKeys.get(),
    },
    {
      method: 'GET',
      paths: ['/_matrix/key/v2/query/:serverName', '/_matrix/key/v2/query/:serverName/:keyId'],
      handle: async (call) => answer(queryOfPath(call)),
    },
    {
      method: 'POST',
      paths: ['/_matrix/key/v2/query'],
      handle: async (call) => answer(queryOfBody(await call.json())),
    },
    {
      method: 'GET',
      paths: ['/_matrix/federation/v1/version'],
      handle: async () => ({ server: { name: 'Synapse', version: '1.163.2' } }),
    },
  ];
}

function queryOfPath({ params, query }: Call): KeyQuery {
  const { serverName = '', keyId = '' } = params;
  const isOfKey = serverName !== '' && keyId !== '';
  const wanted = isOfKey ? [[keyId, queryInteger(query, 'minimum_valid_until_ts') ?? null] as const] : [];
  return new Map([[serverName as ServerName, new Map(wanted)]]);
}

const isKeyCriteria = isModel({
  minimum_valid_until_ts: (value) => (value === null ? undefined : isInteger(value)),
});

function queryOfBody(body: JsonObject): KeyQuery {
  checkModel(body, { server_keys: isMapOf(isMapOf(isKeyCriteria)) });
  return new Map(
    membersOf(body['server_keys']).map(([server, wanted]) => {
      const keys = membersOf(wanted).map(([keyId, criteria]) => {
        const validUntil = isJsonObject(criteria) ? criteria['minimum_valid_until_ts'] : null;
        return [keyId, typeof validUntil === 'number' ? validUntil : null] as const;
      });
      return [server as ServerName, new Map(keys)];
    }),
  );
}

function membersOf(value: JsonValue | undefined): readonly (readonly [string, JsonValue | undefined])[] {
  return Object.entries(isJsonObject(value) ? value : {});
}
