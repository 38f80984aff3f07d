import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { parseUserId, type UserId } from '../../../matrix/ids.js';
import type { Requester } from '../../../matrix/requester.js';
import type { ProfileChange, Profiles } from '../../users/profiles.js';
import { queryBoolean } from '../server/query.js';
import { type Call, clientPaths, oldestVersions, type Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserStore } from '../../store/user-store.js';
import type { RateLimiters } from '../../runtime/rate-limiters.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly store: UserStore;
  readonly limits: RateLimiters;
  readonly profiles: Profiles;
}

const wholePaths = clientPaths('/profile/:userId', oldestVersions);

/** Profiles (`rest/client/profile.py`). */
export function profileRoutes(users: UserParts): Route[] {
  const paths = fieldPaths(users);
  return [
    {
      method: 'GET',
      paths: wholePaths,
      handle: async (call) => {
        const requester = await lookupRequester(users, call);
        const target = parseTarget(call);
        users.profiles.checkVisible(target, requester);
        return users.profiles.read(target);
      },
    },
    {
      method: 'GET',
      paths,
      handle: async (call) => {
        const requester = await lookupRequester(users, call);
        const target = parseTarget(call);
        const field = parseField(call);
        users.profiles.checkVisible(target, requester);
        return users.profiles.read(target, field);
      },
    },
    {
      method: 'PUT',
      paths,
      handle: async (call) => {
        const target = parseTarget(call);
        const requester = await changeRequester(call);
        const field = parseField(call);
        const value = (await call.json())[field];
        if (value === undefined) throw new SynapseError(400, `Missing key '${field}'`, Codes.MISSING_PARAM);
        await users.profiles.setField(changeOf(users, call, target, requester), field, value);
        return {};
      },
    },
    {
      method: 'DELETE',
      paths,
      handle: async (call) => {
        const target = parseTarget(call);
        const requester = await changeRequester(call);
        const field = parseField(call);
        await users.profiles.deleteField(changeOf(users, call, target, requester), field);
        return {};
      },
    },
  ];
}

/** Display name and avatar have been there always; other fields are of v3, and of MSC4133. */
function fieldPaths(users: UserParts): readonly string[] {
  const unstable = users.context.config.experimentalFeatures['msc4133_enabled'] === true;
  return [
    ...clientPaths('/profile/:userId/displayname', oldestVersions),
    ...clientPaths('/profile/:userId/avatar_url', oldestVersions),
    '/_matrix/client/v3/profile/:userId/:field',
    ...(unstable ? ['/_matrix/client/unstable/uk.tcpip.msc4133/profile/:userId/:field'] : []),
  ];
}

/** Whoever looks at profiles need not be logged in, unless the configuration says so. */
async function lookupRequester(users: UserParts, call: Call): Promise<Requester | undefined> {
  const hasToken = call.header('authorization') !== undefined || call.query.has('access_token');
  const mustLogIn = users.context.config.requireAuthForProfileRequests;
  const requester = mustLogIn || hasToken ? await call.requester({ allowGuest: !mustLogIn }) : undefined;
  await users.limits.profile.check(requester, requester === undefined ? { key: call.ip } : {});
  return requester;
}

function changeRequester(call: Call): Promise<Requester> {
  return call.requester({ allowGuest: fieldName(call) === 'displayname' });
}

function changeOf(users: UserParts, call: Call, target: UserId, requester: Requester): ProfileChange {
  if (users.store.find(requester.userId)?.isSuspended === true) {
    const message = 'Updating profile while account is suspended is not allowed.';
    throw new SynapseError(403, message, Codes.USER_ACCOUNT_SUSPENDED);
  }
  const isAsked = users.context.config.experimentalFeatures['msc4069_profile_inhibit_propagation'] === true;
  const propagate = isAsked ? (queryBoolean(call.query, 'org.matrix.msc4069.propagate') ?? true) : true;
  return { target, requester, byAdmin: users.store.isAdmin(requester.userId), propagate };
}

function parseTarget(call: Call): UserId {
  try {
    return parseUserId(call.params['userId']);
  } catch {
    throw new SynapseError(400, 'Invalid user id', Codes.INVALID_PARAM);
  }
}

function fieldName(call: Call): string {
  return (
    call.params['field'] ?? (new URL(call.request.url).pathname.endsWith('/displayname') ? 'displayname' : 'avatar_url')
  );
}

function parseField(call: Call): string {
  const name = fieldName(call);
  if (name === '') throw new SynapseError(400, 'Field name too short', Codes.INVALID_PARAM);
  if (Buffer.byteLength(name) > 255) throw new SynapseError(400, 'Field name too long', Codes.KEY_TOO_LARGE);
  if (!/^[a-z][a-z0-9_.-]*$/.test(name)) {
    throw new SynapseError(400, 'Field name does not follow Common Namespaced Identifier Grammar', Codes.INVALID_PARAM);
  }
  return name;
}
