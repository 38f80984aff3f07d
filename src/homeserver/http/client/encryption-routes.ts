import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import { isJsonObject, isStringArray, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { DeviceKeys } from '../../encryption/device-keys.js';
import type { ToDevice } from '../../encryption/to-device.js';
import { parseUploadedKeys } from '../../encryption/uploaded-keys.js';
import { parseStreamToken } from '../../runtime/stream-token.js';
import type { UiAuth } from '../../users/ui-auth.js';
import { checkModel, isAuth, requireParams } from '../server/fields.js';
import { queryInteger, requiredQueryString } from '../server/query.js';
import { RequestTransactions } from './request-transactions.js';
import { type Answer, type Call, clientPaths, type Route } from '../server/route.js';
import { uiAuthRequest } from './ui-auth-request.js';

/** What these endpoints work with. */
export interface EncryptionRoutesDependencies {
  readonly context: HomeserverContext;
  readonly keys: DeviceKeys;
  readonly toDevice: ToDevice;
  readonly uiAuth: UiAuth;
  /** Whose devices changed after a position, and who went out of sight, as one user sees it. */
  readonly changedDevices: (
    userId: UserId,
    since: number,
  ) => { readonly changed: readonly UserId[]; readonly left: readonly UserId[] };
}

/** Device keys, messages to devices, and that there is no key backup (`rest/client/{keys,sendtodevice,room_keys}.py`). */
export function encryptionRoutes(dependencies: EncryptionRoutesDependencies): Route[] {
  const endpoints = new EncryptionEndpoints(dependencies);
  const post = (path: string, handle: Route['handle'], versions?: readonly string[]): Route => ({
    method: 'POST',
    paths: clientPaths(`/keys/${path}`, versions),
    handle,
  });
  return [
    post('upload', endpoints.upload),
    post('query', endpoints.query),
    post('claim', endpoints.claim),
    post('device_signing/upload', endpoints.uploadCrossSigning, ['v3', 'unstable']),
    post('signatures/upload', endpoints.uploadSignatures),
    { method: 'GET', paths: clientPaths('/keys/changes'), handle: endpoints.changes },
    { method: 'PUT', paths: clientPaths('/sendToDevice/:type/:txnId'), handle: endpoints.sendToDevice },
    { method: 'GET', paths: clientPaths('/room_keys/version'), handle: endpoints.backup },
    { method: 'GET', paths: clientPaths('/room_keys/version/:version'), handle: endpoints.backup },
  ];
}

class EncryptionEndpoints {
  private readonly transactions = new RequestTransactions();

  constructor(private readonly dependencies: EncryptionRoutesDependencies) {}

  readonly upload = async (call: Call): Promise<Answer> => {
    const { userId, deviceId } = await call.requester({ allowGuest: true });
    const body = await call.json();
    const keys = parseUploadedKeys(body, userId, deviceId ?? '');
    if (deviceId === undefined) {
      throw new SynapseError(400, 'To upload keys, you must pass device_id when authenticating');
    }
    this.dependencies.keys.upload(userId, deviceId, keys);
    return { one_time_key_counts: this.dependencies.keys.countOneTimeKeys(userId, deviceId) };
  };

  readonly query = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester({ allowGuest: true });
    queryInteger(call.query, 'timeout');
    const { device_keys: wanted } = await call.json();
    if (!isJsonObject(wanted)) throw invalidCall("'device_keys' must be a JSON object");
    if (!areLists(wanted)) throw invalidCall("'device_keys' values must be a list of strings");
    return this.dependencies.keys.query(userId, wanted);
  };

  readonly claim = async (call: Call): Promise<Answer> => {
    await call.requester({ allowGuest: true });
    queryInteger(call.query, 'timeout');
    const { one_time_keys: wanted = {} } = await call.json();
    if (!areAlgorithms(wanted)) throw invalidCall("'one_time_keys' must map users to devices to algorithms");
    return this.dependencies.keys.claim(wanted);
  };

  readonly changes = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester({ allowGuest: true });
    const since = parseStreamToken(requiredQueryString(call.query, 'from'));
    return { ...this.dependencies.changedDevices(userId, since) };
  };

  readonly uploadCrossSigning = async (call: Call): Promise<Answer> => {
    const requester = await call.requester();
    const { keys, uiAuth } = this.dependencies;
    const body = await call.json();
    checkModel(body, { auth: isAuth });
    if (!keys.isNews(requester.userId, body)) return {};
    if (keys.hasCrossSigning(requester.userId)) {
      await uiAuth.require(requester, uiAuthRequest(call, body, 'reset the device signing key on your account'));
    }
    keys.setCrossSigningKeys(requester.userId, body);
    return {};
  };

  readonly uploadSignatures = async (call: Call): Promise<Answer> => {
    const { userId } = await call.requester({ allowGuest: true });
    return this.dependencies.keys.addSignatures(userId, await call.json());
  };

  readonly sendToDevice = async (call: Call): Promise<Answer> => {
    const requester = await call.requester({ allowGuest: true });
    return this.transactions.once(call, requester, async () => {
      const body = await call.json();
      requireParams(body, ['messages']);
      const { messages } = body;
      if (!isJsonObject(messages)) throw new SynapseError(400, 'messages is not an object', Codes.BAD_JSON);
      await this.dependencies.toDevice.send(requester, call.params['type'] ?? '', messages);
      return {};
    });
  };

  /** Keys cannot be backed up here: clients go on without. */
  readonly backup = async (call: Call): Promise<Answer> => {
    await call.requester();
    throw new SynapseError(404, 'No backup found', Codes.NOT_FOUND);
  };
}

function invalidCall(message: string): SynapseError {
  return new SynapseError(400, message, Codes.BAD_JSON);
}

function areLists(value: JsonObject): value is Readonly<Record<string, readonly string[]>> {
  return Object.values(value).every(isStringArray);
}

function areAlgorithms(value: JsonValue): value is Readonly<Record<string, Readonly<Record<string, string>>>> {
  return (
    isJsonObject(value) &&
    Object.values(value).every(
      (devices) => isJsonObject(devices) && Object.values(devices).every((item) => typeof item === 'string'),
    )
  );
}
