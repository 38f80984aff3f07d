import { isTruthy } from '../../callbacks/truthiness.js';
import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { PusherStore } from '../store/pusher-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import { LoginError } from '../parity/synapse-errors.js';
import { canonicalEmail } from './email-address.js';
import type { IdentityServers } from './identity-servers.js';

/** An address whose owner proved that it is theirs; `validated_at` in milliseconds. */
export interface ValidatedThreepid {
  readonly medium: string;
  readonly address: string;
  readonly validated_at: number;
}

/** What a stage of a flow proved, where it is an address; undefined for anything else. */
export function validatedThreepid(result: unknown): ValidatedThreepid | undefined {
  if (!isJsonObject(result)) return undefined;
  const { medium, address, validated_at } = result;
  const isWhole = typeof medium === 'string' && typeof address === 'string' && typeof validated_at === 'number';
  return isWhole ? { medium, address, validated_at } : undefined;
}

/** The addresses of accounts (`handlers/auth.py: add_threepid`, `handlers/identity.py`). */
export class Threepids {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: ThreepidStore,
    private readonly pushers: PusherStore,
    private readonly identityServers: IdentityServers,
  ) {}

  /** 400 `M_FORBIDDEN` where `enable_3pid_changes` is off. */
  checkChangesAllowed(): void {
    if (this.context.config.enable3pidChanges) return;
    throw new SynapseError(400, '3PID changes are disabled on this server', Codes.FORBIDDEN);
  }

  /** Whether modules and `allowed_local_3pids` let an address be used. */
  async isAllowed(medium: string, address: string, isRegistration: boolean): Promise<boolean> {
    const { dispatch, config } = this.context;
    if (!(await dispatch.ask('password_auth_provider', 'is_3pid_allowed', medium, address, isRegistration)))
      return false;
    const rules = config.allowedLocal3pids;
    // Python's re.match, which Synapse uses, binds the pattern to the beginning only.
    return rules.length === 0 || rules.some((rule) => rule.medium === medium && startsWith(rule.pattern, address));
  }

  /** Adds an address to an account and tells the modules. */
  async add(userId: UserId, threepid: ValidatedThreepid): Promise<void> {
    const { medium } = threepid;
    if (medium !== 'email' && medium !== 'msisdn') {
      throw new SynapseError(400, `'${medium}' is not a valid value for 'medium'`, Codes.INVALID_PARAM);
    }
    const address = canonicalAddress(medium, threepid.address);
    const { clock, dispatch } = this.context;
    this.store.add(userId, { medium, address, validated_at: threepid.validated_at, added_at: clock.now() });
    await dispatch.ask('third_party_rules', 'on_add_user_third_party_identifier', userId, medium, address);
    await dispatch.ask('third_party_rules', 'on_threepid_bind', userId, medium, address);
  }

  /** Removes an address from an account and tells the modules, even when the account did not have it. */
  async delete(userId: UserId, medium: string, givenAddress: string): Promise<void> {
    const address = canonicalAddress(medium, givenAddress);
    this.store.delete(userId, medium, address);
    await this.context.dispatch.ask(
      'third_party_rules',
      'on_remove_user_third_party_identifier',
      userId,
      medium,
      address,
    );
    if (medium === 'email') this.pushers.delete(userId, 'm.email', address);
  }

  /** Has an identity server bind an address that it validated, and remembers it. */
  async bind(
    userId: UserId,
    server: string,
    binding: { readonly sid: string; readonly client_secret: string },
    accessToken: string,
  ): Promise<void> {
    const { medium, address } = await this.identityServers.bind(server, { ...binding, mxid: userId }, accessToken);
    if (typeof medium === 'string' && typeof address === 'string') this.store.bind(userId, medium, address, server);
  }

  /** Asks the identity servers that know an address to forget it; false when none does. */
  async unbind(userId: UserId, medium: string, address: string, idServer: string | null): Promise<boolean> {
    const servers = idServer === null || idServer === '' ? this.store.idServersOf(userId, medium, address) : [idServer];
    let isUnbound = servers.length > 0;
    for (const server of servers) {
      const isSupported = await this.identityServers.unbind(server, userId, medium, address);
      this.store.unbind(userId, medium, address, server);
      isUnbound &&= isSupported;
    }
    return isUnbound;
  }

  /** The address that a finished validation proved, by mail or by the server that phone numbers are left to; or undefined. */
  async findValidated(clientSecret: string, sessionId: string): Promise<ValidatedThreepid | undefined> {
    return (
      this.findValidatedEmail(clientSecret, sessionId) ?? (await this.findValidatedElsewhere(clientSecret, sessionId))
    );
  }

  private findValidatedEmail(clientSecret: string, sessionId: string): ValidatedThreepid | undefined {
    if (this.context.config.email === undefined) return undefined;
    const session = this.store.findValidated('email', sessionId, clientSecret);
    if (session === undefined || session.validatedAt === null) return undefined;
    return { medium: session.medium, address: session.address, validated_at: session.validatedAt };
  }

  private async findValidatedElsewhere(clientSecret: string, sid: string): Promise<ValidatedThreepid | undefined> {
    const { msisdn: delegate } = this.context.config.accountThreepidDelegates;
    if (delegate === undefined) return undefined;
    const found = await this.identityServers.validatedThreepid(delegate, sid, clientSecret);
    const { medium, address, validated_at: validatedAt } = found ?? {};
    if (typeof medium !== 'string' || typeof address !== 'string' || typeof validatedAt !== 'number') return undefined;
    return { medium, address, validated_at: validatedAt };
  }

  /** The mail address proved by `threepid_creds` of a user-interactive stage, used up; `LoginError` when there is none. */
  emailFromCredentials(authDict: JsonObject): JsonObject {
    const credentials = credentialsOf(authDict);
    const { client_secret: clientSecret, sid } = isJsonObject(credentials) ? credentials : {};
    if (typeof clientSecret !== 'string' || typeof sid !== 'string') {
      throw new LoginError(400, 'Missing threepid_creds', Codes.MISSING_PARAM);
    }
    const threepid = this.findValidatedEmail(clientSecret, sid);
    if (threepid === undefined) throw notValidated();
    this.store.deleteSession(sid);
    return { ...threepid, threepid_creds: credentials };
  }

  /** The phone number proved by `threepid_creds`, as the server says that validates them; `LoginError` when there is none. */
  async phoneFromCredentials(authDict: JsonObject): Promise<JsonObject> {
    const credentials = credentialsOf(authDict);
    const members = isJsonObject(credentials) ? credentials : {};
    const clientSecret = members['client_secret'] ?? members['clientSecret'];
    if (!isTruthy(clientSecret)) throw missingIn('client_secret');
    const secret = parseClientSecret(clientSecret);
    const { sid } = members;
    if (typeof sid !== 'string' || sid === '') throw missingIn('session_id');
    const threepid = await this.findValidatedElsewhere(secret, sid);
    if (threepid === undefined) throw notValidated();
    const { medium } = threepid;
    if (medium !== 'msisdn') {
      throw new LoginError(401, `Expecting threepid of type 'msisdn', got '${medium}'`, Codes.UNAUTHORIZED);
    }
    return { ...threepid, threepid_creds: credentials };
  }
}

/** 400 `M_INVALID_PARAM` for a client secret that the specification does not allow. */
export function parseClientSecret(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-zA-Z.=_-]{1,255}$/.test(value)) return value;
  throw new SynapseError(400, 'Invalid client_secret parameter', Codes.INVALID_PARAM);
}

function credentialsOf(authDict: JsonObject): JsonValue {
  const credentials = authDict['threepid_creds'];
  if (credentials !== undefined) return credentials;
  throw new LoginError(400, 'Missing threepid_creds', Codes.MISSING_PARAM);
}

function missingIn(name: string): SynapseError {
  return new SynapseError(400, `Missing param ${name} in creds`, Codes.MISSING_PARAM);
}

function notValidated(): LoginError {
  return new LoginError(401, 'Unable to get validated threepid', Codes.UNAUTHORIZED);
}

function canonicalAddress(medium: string, address: string): string {
  return medium === 'email' ? canonicalEmail(address) : address;
}

function startsWith(pattern: string, address: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`).test(address);
  } catch {
    return false;
  }
}
