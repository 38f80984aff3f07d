import { randomInt } from 'node:crypto';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import type { JsonObject } from '../../../matrix/json.js';
import type { RegistrationTokenLimits } from '../../store/registration-token-store.js';
import { NotFoundError } from '../../parity/synapse-errors.js';
import type { RegistrationToken, RegistrationTokens } from '../../users/registration-tokens.js';
import { adminEndpoints } from './admin-request.js';
import { queryBoolean } from '../server/query.js';
import type { Call, Route } from '../server/route.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { UserStore } from '../../store/user-store.js';

interface UserParts {
  readonly context: HomeserverContext;
  readonly store: UserStore;
  readonly registrationTokens: RegistrationTokens;
}

const allPath = '/v1/registration_tokens';
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-';
const longest = 64;

/** Tokens for registrations, for administrators (`rest/admin/registration_tokens.py`). */
export function registrationTokenRoutes(users: UserParts): Route[] {
  const route = adminEndpoints(users.store);
  const requests = new TokenRequests(users);
  return [
    route('GET', allPath, (call) => requests.list(call)),
    route('POST', `${allPath}/new`, (call) => requests.add(call)),
    route('GET', `${allPath}/:token`, (call) => requests.show(call)),
    route('PUT', `${allPath}/:token`, (call) => requests.change(call)),
    route('DELETE', `${allPath}/:token`, (call) => requests.remove(call)),
  ];
}

class TokenRequests {
  constructor(private readonly users: UserParts) {}

  list(call: Call): JsonObject {
    const tokens = this.users.registrationTokens.list(queryBoolean(call.query, 'valid'));
    return { registration_tokens: tokens.map(describe) };
  }

  async add(call: Call): Promise<JsonObject> {
    const body = await call.json();
    const token = 'token' in body ? parseToken(body['token']) : this.generate(body);
    const { usesAllowed = null, expiryTime = null } = this.parseLimits(body);
    if (!this.users.registrationTokens.store.add(token, { usesAllowed, expiryTime })) {
      throw invalid(`Token already exists: ${token}`);
    }
    return describe({ token, usesAllowed, expiryTime, pending: 0, completed: 0 });
  }

  show(call: Call): JsonObject {
    return describe(this.find(call));
  }

  async change(call: Call): Promise<JsonObject> {
    const changes = this.parseLimits(await call.json());
    const { token, usesAllowed, expiryTime } = this.find(call);
    this.users.registrationTokens.store.setLimits(token, { usesAllowed, expiryTime, ...changes });
    return describe(this.find(call));
  }

  remove(call: Call): JsonObject {
    const { token = '' } = call.params;
    if (this.users.registrationTokens.store.delete(token)) return {};
    throw unknown(token);
  }

  private find(call: Call): RegistrationToken {
    const { token = '' } = call.params;
    const found = this.users.registrationTokens.find(token);
    if (found === undefined) throw unknown(token);
    return found;
  }

  /** What a body sets; members that are absent stay so. */
  private parseLimits(body: JsonObject): Partial<RegistrationTokenLimits> {
    const { uses_allowed: uses, expiry_time: expiry } = body;
    if (uses !== undefined && uses !== null && !(isInteger(uses) && uses >= 0)) {
      throw invalid('uses_allowed must be a non-negative integer or null');
    }
    if (expiry !== undefined && expiry !== null) {
      if (!isInteger(expiry)) throw invalid('expiry_time must be an integer or null');
      if (expiry < this.users.context.clock.now()) throw invalid('expiry_time must not be in the past');
    }
    return { ...(uses !== undefined && { usesAllowed: uses }), ...(expiry !== undefined && { expiryTime: expiry }) };
  }

  private generate({ length = 16 }: JsonObject): string {
    if (!isInteger(length)) throw invalid('length must be an integer');
    if (length <= 0 || length > longest) throw invalid('length must be greater than zero and not greater than 64');
    for (let attempt = 0; attempt < 3; attempt++) {
      const token = Array.from({ length }, () => letters.charAt(randomInt(letters.length))).join('');
      if (this.users.registrationTokens.find(token) === undefined) return token;
    }
    throw new SynapseError(500, 'Unable to generate a unique registration token. Try again with a greater length');
  }
}

function parseToken(token: unknown): string {
  if (typeof token !== 'string') throw invalid('token must be a string');
  if (token.length === 0 || token.length > longest) {
    throw invalid('token must not be empty and must not be longer than 64 characters');
  }
  if (!/^[A-Za-z0-9._~-]+$/.test(token)) {
    throw invalid('token must consist only of characters matched by the regex [A-Za-z0-9-_]');
  }
  return token;
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function describe({ token, usesAllowed, pending, completed, expiryTime }: RegistrationToken): JsonObject {
  return { token, uses_allowed: usesAllowed, pending, completed, expiry_time: expiryTime };
}

function invalid(message: string): SynapseError {
  return new SynapseError(400, message, Codes.INVALID_PARAM);
}

function unknown(token: string): NotFoundError {
  return new NotFoundError(`No such registration token: ${token}`);
}
