import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import { parseClientSecret, type Threepids } from '../../users/threepids.js';
import {
  checkModel,
  isAuth,
  isClientSecret,
  isOneOf,
  isText,
  optionalText,
  orNull,
  requireParams,
  text,
} from '../server/fields.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';
import type { ThreepidStore } from '../../store/threepid-store.js';
import type { UiAuth } from '../../users/ui-auth.js';

interface UserParts {
  readonly threepidStore: ThreepidStore;
  readonly threepids: Threepids;
  readonly uiAuth: UiAuth;
}

/** The addresses of the own account (`rest/client/account.py`). */
export function threepidRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/account/3pid'),
      handle: async (call) => {
        const { userId } = await call.requester();
        return { threepids: users.threepidStore.ofUser(userId).map((threepid) => ({ ...threepid })) };
      },
    },
    { method: 'POST', paths: clientPaths('/account/3pid'), handle: (call) => addByCredentials(users, call) },
    { method: 'POST', paths: clientPaths('/account/3pid/add'), handle: (call) => add(users, call) },
    {
      method: 'POST',
      paths: clientPaths('/account/3pid/bind'),
      handle: async (call) => {
        const body = await call.json();
        checkModel(body, { sid: isText, client_secret: isClientSecret, id_server: isText, id_access_token: isText });
        const binding = { sid: text(body, 'sid'), client_secret: text(body, 'client_secret') };
        const server = text(body, 'id_server');
        const token = text(body, 'id_access_token');
        const { userId } = await call.requester();
        await users.threepids.bind(userId, server, binding, token);
        return {};
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/account/3pid/unbind'),
      handle: async (call) => {
        const { userId } = await call.requester();
        const { medium, address, idServer } = parseThreepid(await call.json());
        const isUnbound = await users.threepids.unbind(userId, medium, address, idServer);
        return { id_server_unbind_result: isUnbound ? 'success' : 'no-support' };
      },
    },
    { method: 'POST', paths: clientPaths('/account/3pid/delete'), handle: (call) => remove(users, call) },
  ];
}

/** The old way to add an address, without authentication of the user. */
async function addByCredentials(users: UserParts, call: Call): Promise<Answer> {
  users.threepids.checkChangesAllowed();
  const { userId } = await call.requester();
  const body = await call.json();
  const credentials = body['threePidCreds'] ?? body['three_pid_creds'];
  if (credentials === undefined || credentials === null) {
    throw new SynapseError(400, 'Missing param three_pid_creds', Codes.MISSING_PARAM);
  }
  if (!isJsonObject(credentials)) {
    throw new SynapseError(400, 'three_pid_creds: Input should be an object', Codes.BAD_JSON);
  }
  requireParams(credentials, ['client_secret', 'sid']);
  await addValidated(users, userId, parseClientSecret(credentials['client_secret']), text(credentials, 'sid'));
  return {};
}

async function add(users: UserParts, call: Call): Promise<Answer> {
  users.threepids.checkChangesAllowed();
  const requester = await call.requester();
  const body = await call.json();
  checkModel(body, { auth: isAuth, client_secret: isClientSecret, sid: isText });
  const clientSecret = text(body, 'client_secret');
  const sid = text(body, 'sid');
  await users.uiAuth.require(requester, uiAuthRequest(call, body, 'add a third-party identifier to your account'));
  await addValidated(users, requester.userId, clientSecret, sid);
  return {};
}

async function remove(users: UserParts, call: Call): Promise<Answer> {
  users.threepids.checkChangesAllowed();
  const { medium, address, idServer } = parseThreepid(await call.json());
  const { userId } = await call.requester();
  let isUnbound;
  try {
    isUnbound = await users.threepids.unbind(userId, medium, address, idServer);
  } catch (error) {
    throw new SynapseError(500, 'Failed to remove threepid', undefined, {}, {}, { cause: error });
  }
  await users.threepids.delete(userId, medium, address);
  return { id_server_unbind_result: isUnbound ? 'success' : 'no-support' };
}

async function addValidated(
  users: UserParts,
  userId: Parameters<UserParts['threepids']['add']>[0],
  clientSecret: string,
  sid: string,
): Promise<void> {
  const threepid = await users.threepids.findValidated(clientSecret, sid);
  if (threepid === undefined) {
    throw new SynapseError(400, 'No validated 3pid session found', Codes.THREEPID_AUTH_FAILED);
  }
  await users.threepids.add(userId, threepid);
}

function parseThreepid(body: JsonObject): {
  readonly medium: string;
  readonly address: string;
  readonly idServer: string | null;
} {
  checkModel(body, { address: isText, medium: isOneOf('email', 'msisdn'), id_server: orNull(isText) });
  return { medium: text(body, 'medium'), address: text(body, 'address'), idServer: optionalText(body, 'id_server') };
}
