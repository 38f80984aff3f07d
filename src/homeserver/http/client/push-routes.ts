import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { UserId } from '../../../matrix/ids.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import type { Requester } from '../../../matrix/requester.js';
import type { Pusher, PusherStore } from '../../store/pusher-store.js';
import { canonicalEmail, parseEmail } from '../../users/email-address.js';
import { optionalText, requireParams, text } from '../server/fields.js';
import { clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { ThreepidStore } from '../../store/threepid-store.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly threepidStore: ThreepidStore;
  readonly pusherStore: PusherStore;
}

const required = ['kind', 'app_id', 'app_display_name', 'device_display_name', 'pushkey', 'lang', 'data'];

/** Pushers (`rest/client/pusher.py`). */
export function pushRoutes(users: UserParts): Route[] {
  return [
    {
      method: 'GET',
      paths: clientPaths('/pushers', oldestVersions),
      handle: async (call) => {
        const { userId } = await call.requester();
        return { pushers: users.pusherStore.ofUser(userId).map(describePusher) };
      },
    },
    {
      method: 'POST',
      paths: clientPaths('/pushers/set', oldestVersions),
      handle: async (call) => {
        const requester = await call.requester();
        const body = await call.json();
        const { kind, app_id: appId, pushkey } = body;
        if (kind === null && appId !== undefined && pushkey !== undefined) {
          users.pusherStore.delete(requester.userId, text(body, 'app_id'), text(body, 'pushkey'));
          return {};
        }
        requireParams(body, required);
        const pusher = parsePusher(users, requester, body);
        if (body['append'] !== true) {
          users.pusherStore.deleteOfOthers(pusher.userId, pusher.appId, pusher.pushkey);
        }
        users.pusherStore.save(pusher);
        return {};
      },
    },
  ];
}

/** A pusher as its owner gets it. */
export function describePusher(pusher: Pusher): JsonObject {
  return {
    app_display_name: pusher.appDisplayName,
    app_id: pusher.appId,
    data: pusher.data,
    device_display_name: pusher.deviceDisplayName,
    kind: pusher.kind,
    lang: pusher.lang,
    profile_tag: pusher.profileTag,
    pushkey: pusher.pushkey,
  };
}

function parsePusher(users: UserParts, { userId, deviceId }: Requester, body: JsonObject): Pusher {
  const kind = text(body, 'kind');
  const pushkey = text(body, 'pushkey');
  const { data } = body;
  if (kind === 'email') checkEmail(users, userId, pushkey);
  else if (kind === 'http') checkHttpData(data);
  if (!isJsonObject(data)) throw new SynapseError(400, 'data: Input should be an object', Codes.BAD_JSON);
  const appId = text(body, 'app_id');
  const known = users.pusherStore.ofUser(userId).find((each) => each.appId === appId && each.pushkey === pushkey);
  return {
    userId,
    appId,
    pushkey,
    kind,
    appDisplayName: text(body, 'app_display_name'),
    deviceDisplayName: text(body, 'device_display_name'),
    profileTag: optionalText(body, 'profile_tag') ?? '',
    lang: optionalText(body, 'lang'),
    data,
    accessTokenId: null,
    deviceId: known === undefined ? (deviceId ?? null) : known.deviceId,
    createdTs: users.context.clock.now(),
  };
}

function checkEmail(users: UserParts, userId: UserId, pushkey: string): void {
  if (users.threepidStore.findUser('email', canonicalEmail(pushkey)) !== userId) {
    throw new SynapseError(400, 'Email not found', Codes.THREEPID_NOT_FOUND);
  }
  parseEmail(pushkey);
}

/** What a pusher over HTTP must say of its gateway (`push/httppusher.py`). */
function checkHttpData(data: unknown): void {
  if (data === null) throw configError("'data' key can not be null for HTTP pusher");
  const url = isJsonObject(data) ? data['url'] : undefined;
  if (url === undefined) throw configError("'url' required in data for HTTP pusher");
  if (typeof url !== 'string') throw configError("'url' must be a string");
  if (!URL.canParse(url) || new URL(url).pathname !== '/_matrix/push/v1/notify') {
    throw configError("'url' must have a path of '/_matrix/push/v1/notify'");
  }
}

function configError(problem: string): SynapseError {
  return new SynapseError(400, `Config Error: ${problem}`, Codes.MISSING_PARAM);
}
