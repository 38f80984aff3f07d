import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { parseUserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import { BoundedCache } from '../../store/database/bounded-cache.js';
import { adminEndpoints } from './admin-request.js';
import type { Answer, Call, Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserStore } from '../../store/user-store.js';
import type { AccountValidity } from '../../users/account-validity.js';
import type { Passwords } from '../../users/passwords.js';
import type { Registration } from '../../users/registration.js';
import type { SignUp } from '../../users/sign-up.js';
import type { AdminUsers } from '../../users/admin-users.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly store: UserStore;
  readonly validity: AccountValidity;
  readonly passwords: Passwords;
  readonly registration: Registration;
  readonly signUp: SignUp;
  readonly adminUsers: AdminUsers;
}

/** The Synapse that this homeserver follows: tools look at the number to know what they can ask for. */
const serverVersion = '1.163.2 (Vesicle)';

const nonceLifetime = 60_000;

/** Registration by shared secret, the version, and the old account validity (`rest/admin/users.py`). */
export function adminRegisterRoutes(users: UserParts): Route[] {
  const nonces = new Nonces(() => users.context.clock.now());
  const paths = ['/_synapse/admin/v1/register'];
  return [
    { method: 'GET', paths, handle: async () => ({ nonce: nonces.make() }) },
    { method: 'POST', paths, handle: async (call) => register(users, nonces, await secretOf(users), call) },
    {
      method: 'GET',
      paths: ['/_synapse/admin/v1/server_version'],
      handle: async () => ({ server_version: serverVersion }),
    },
    adminEndpoints(users.store)('POST', '/v1/account_validity/validity', (call) => setValidity(users, call)),
  ];
}

class Nonces {
  private readonly made = new BoundedCache<string, number>(1000);

  constructor(private readonly now: () => number) {}

  make(): string {
    const nonce = randomBytes(64).toString('hex');
    this.made.set(nonce, this.now());
    return nonce;
  }

  /** Uses a nonce up; whether it was good. */
  take(nonce: JsonValue): boolean {
    const madeAt = typeof nonce === 'string' ? this.made.get(nonce) : undefined;
    if (typeof nonce === 'string') this.made.delete(nonce);
    return madeAt !== undefined && this.now() - madeAt <= nonceLifetime;
  }
}

async function secretOf(users: UserParts): Promise<string> {
  const { registrationSharedSecret } = users.context.config;
  if (registrationSharedSecret !== undefined) return registrationSharedSecret;
  throw new SynapseError(400, 'Shared secret registration is not enabled');
}

async function register(users: UserParts, nonces: Nonces, secret: string, call: Call): Promise<Answer> {
  const body = await call.json();
  const nonce = required(body, 'nonce');
  if (!nonces.take(nonce)) throw new SynapseError(400, 'unrecognised nonce');
  const username = parseName(required(body, 'username'), 'Invalid username');
  const password = parseName(required(body, 'password'), 'Invalid password');
  const passwordHash = await users.passwords.hash(password);
  const userType = users.adminUsers.parseUserType(body['user_type']);
  const isAdmin = Boolean(body['admin']);
  const parts = [
    nonce as string,
    username,
    password,
    isAdmin ? 'admin' : 'notadmin',
    ...(userType === null ? [] : [userType]),
  ];
  const expected = createHmac('sha1', secret).update(parts.join('\0')).digest('hex');
  if (!isSame(expected, required(body, 'mac'))) throw new SynapseError(403, 'HMAC incorrect');
  const { refresh_token: refreshToken = false, displayname = null } = body;
  if (typeof refreshToken !== 'boolean') throw new SynapseError(400, 'refresh_token must be a boolean');
  if (displayname !== null && typeof displayname !== 'string') {
    throw new SynapseError(400, 'displayname must be a string', Codes.INVALID_PARAM);
  }
  const userId = await users.registration.register({
    localpart: username.toLowerCase(),
    passwordHash,
    isAdmin,
    userType,
    displayName: displayname,
  });
  return users.signUp.details(userId, { ...body }, refreshToken);
}

async function setValidity(users: UserParts, call: Call): Promise<Answer> {
  const { dispatch } = users.context;
  if (dispatch.isAsked('account_validity', 'on_legacy_admin_request')) {
    const expirationTs = await dispatch.ask('account_validity', 'on_legacy_admin_request', call.request);
    return { expiration_ts: expirationTs ?? null };
  }
  const body = await call.json();
  if (!('user_id' in body)) throw new SynapseError(400, "Missing property 'user_id' in the request body");
  const userId = parseUserId(body['user_id']);
  const { expiration_ts: expirationTs } = body;
  const isGiven = expirationTs !== undefined && expirationTs !== null;
  if (isGiven && (typeof expirationTs !== 'number' || !Number.isSafeInteger(expirationTs))) {
    throw new SynapseError(400, "'expiration_ts' must be an integer", Codes.INVALID_PARAM);
  }
  const end = users.validity.renewUser(userId, isGiven ? expirationTs : undefined);
  return { expiration_ts: end };
}

function required(body: JsonObject, name: string): JsonValue {
  const value = body[name];
  if (value !== undefined) return value;
  throw new SynapseError(400, `${name} must be specified`, Codes.BAD_JSON);
}

function parseName(value: JsonValue, problem: string): string {
  if (typeof value === 'string' && value.length <= 512 && !value.includes('\0')) return value;
  throw new SynapseError(400, problem);
}

function isSame(expected: string, given: JsonValue): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
