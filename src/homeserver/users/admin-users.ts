import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { localpartOf, type UserId } from '../../matrix/ids.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import { pythonRepr } from '../parity/python-repr.js';
import type { DeviceStore } from '../store/device-store.js';
import type { ThreepidStore } from '../store/threepid-store.js';
import type { User, UserStore } from '../store/user-store.js';
import type { Deactivation } from './deactivation.js';
import type { Passwords } from './passwords.js';
import type { Profiles } from './profiles.js';
import type { Registration } from './registration.js';
import type { Threepids } from './threepids.js';

interface Parts {
  readonly users: UserStore;
  readonly devices: DeviceStore;
  readonly threepids: Threepids;
  readonly threepidStore: ThreepidStore;
  readonly registration: Registration;
  readonly profiles: Profiles;
  readonly passwords: Passwords;
  readonly deactivation: Deactivation;
}

/** What an administrator wants an account to be; undefined is "as it is". */
interface Wish {
  readonly displayName: JsonValue | undefined;
  readonly avatarUrl: JsonValue | undefined;
  readonly threepids: readonly { readonly medium: string; readonly address: string }[] | undefined;
  readonly externalIds: readonly (readonly [provider: string, id: string])[] | undefined;
  readonly isAdmin: boolean | undefined;
  readonly password: string | undefined;
  readonly logoutDevices: boolean;
  readonly isDeactivated: boolean | undefined;
  readonly isLocked: boolean | undefined;
  readonly userType: string | null | undefined;
}

/** Accounts as administrators see and change them (`rest/admin/users.py`, `handlers/admin.py`). */
export class AdminUsers {
  constructor(
    private readonly context: HomeserverContext,
    private readonly parts: Parts,
  ) {}

  /** An account, or undefined when there is none. */
  describe(userId: UserId): JsonObject | undefined {
    const { users, threepidStore } = this.parts;
    const user = users.find(userId);
    if (user === undefined) return undefined;
    const { displayName, avatarUrl } = users.profileOf(userId);
    return {
      name: userId,
      admin: user.isAdmin,
      deactivated: user.isDeactivated,
      locked: user.isLocked,
      shadow_banned: user.isShadowBanned,
      creation_ts: user.creationTs,
      appservice_id: null,
      consent_server_notice_sent: null,
      consent_version: null,
      consent_ts: null,
      user_type: user.userType,
      is_guest: user.isGuest,
      suspended: user.isSuspended,
      displayname: displayName,
      avatar_url: avatarUrl,
      threepids: threepidStore.ofUser(userId).map((threepid) => ({ ...threepid })),
      external_ids: users.externalIdsOf(userId).map((id) => ({ ...id })),
      erased: user.isErased,
      last_seen_ts: this.parts.devices.sightingsOf(userId)[0]?.lastSeen ?? null,
    };
  }

  /** Makes an account or changes one; answers with whether it was made. */
  async put(requester: Requester, userId: UserId, body: JsonObject): Promise<{ readonly isNew: boolean }> {
    const wish = this.parse(body);
    const user = this.parts.users.find(userId);
    if (user === undefined) await this.create(requester, userId, wish);
    else await this.modify(requester, user, wish);
    return { isNew: user === undefined };
  }

  /** 400 for a type that neither Synapse nor the configuration knows. */
  parseUserType(value: JsonValue | undefined): string | null {
    if (value === undefined || value === null) return null;
    const known = ['support', 'bot', ...this.context.config.userTypes.extraUserTypes];
    if (typeof value === 'string' && known.includes(value)) return value;
    throw new SynapseError(400, 'Invalid user type');
  }

  private async create(requester: Requester, userId: UserId, wish: Wish): Promise<void> {
    const { users, registration, passwords, threepids, profiles } = this.parts;
    const { displayName = null, password } = wish;
    if (displayName !== null && typeof displayName !== 'string') {
      throw new SynapseError(400, "'displayname' must be a string", Codes.INVALID_PARAM);
    }
    await registration.register({
      localpart: localpartOf(userId),
      passwordHash: password === undefined ? null : await passwords.hash(password),
      isAdmin: wish.isAdmin ?? false,
      displayName,
      userType: wish.userType ?? null,
    });
    for (const threepid of wish.threepids ?? []) {
      await threepids.add(userId, { ...threepid, validated_at: this.context.clock.now() });
    }
    for (const [provider, id] of wish.externalIds ?? []) {
      this.checkExternalId(userId, provider, id);
      users.addExternalId(provider, id, userId);
    }
    if (typeof wish.avatarUrl === 'string') {
      await profiles.setAvatarUrl({ target: userId, requester, byAdmin: true }, wish.avatarUrl);
    }
  }

  private async modify(requester: Requester, user: User, wish: Wish): Promise<void> {
    const { users, profiles, passwords } = this.parts;
    const { userId } = user;
    const change = { target: userId, requester, byAdmin: true };
    if (wish.displayName !== undefined) await profiles.setField(change, 'displayname', wish.displayName);
    if (wish.threepids !== undefined) await this.replaceThreepids(userId, wish.threepids);
    if (wish.externalIds !== undefined) {
      for (const [provider, id] of wish.externalIds) this.checkExternalId(userId, provider, id);
      users.replaceExternalIds(userId, wish.externalIds);
    }
    if (wish.avatarUrl !== undefined) await profiles.setField(change, 'avatar_url', wish.avatarUrl);
    if (wish.isAdmin !== undefined && wish.isAdmin !== user.isAdmin) this.setAdmin(requester, userId, wish.isAdmin);
    if (wish.password !== undefined) {
      const hash = await passwords.hash(wish.password);
      await passwords.set(userId, hash, { logoutDevices: wish.logoutDevices, requester });
    }
    await this.setState(user, wish);
  }

  /** Makes an account an administrator's or an ordinary one; nobody demotes themselves. */
  setAdmin(requester: Requester, userId: UserId, isAdmin: boolean): void {
    if (requester.userId === userId && !isAdmin) throw new SynapseError(400, 'You may not demote yourself.');
    this.parts.users.setFlag(userId, 'admin', isAdmin);
  }

  private async setState(user: User, { isDeactivated, isLocked, userType }: Wish): Promise<void> {
    const { users, deactivation } = this.parts;
    const { userId } = user;
    if (isDeactivated === true && !user.isDeactivated) {
      await deactivation.deactivate(userId, { erase: false, byAdmin: true });
    } else if (isDeactivated === false && user.isDeactivated) {
      await deactivation.activate(userId);
    }
    if (isLocked !== undefined && isLocked !== user.isLocked) users.setFlag(userId, 'locked', isLocked);
    if (userType !== undefined) users.setUserType(userId, userType);
  }

  private async replaceThreepids(
    userId: UserId,
    wanted: readonly { readonly medium: string; readonly address: string }[],
  ): Promise<void> {
    const { threepids, threepidStore } = this.parts;
    const isSame =
      (a: { medium: string; address: string }) =>
      (b: { medium: string; address: string }): boolean =>
        a.medium === b.medium && a.address === b.address;
    const current = threepidStore.ofUser(userId);
    for (const threepid of current) {
      if (wanted.some(isSame(threepid))) continue;
      await threepids.unbind(userId, threepid.medium, threepid.address, null);
      await threepids.delete(userId, threepid.medium, threepid.address);
    }
    for (const threepid of wanted) {
      if (current.some(isSame(threepid))) continue;
      await threepids.add(userId, { ...threepid, validated_at: this.context.clock.now() });
    }
  }

  private checkExternalId(userId: UserId, provider: string, id: string): void {
    const owner = this.parts.users.findByExternalId(provider, id);
    if (owner !== undefined && owner !== userId) throw new SynapseError(409, 'External id is already in use.');
  }

  private parse(body: JsonObject): Wish {
    const threepids = parsePairs(body, 'threepids', 'medium', 'address');
    const externalIds = parsePairs(body, 'external_ids', 'auth_provider', 'external_id');
    const userType = 'user_type' in body ? this.parseUserType(body['user_type']) : undefined;
    const isAdmin = parseFlag(body, 'admin', "Param 'admin' must be a boolean, if given", Codes.BAD_JSON.value);
    const password = parsePassword(body);
    const logoutDevices = parseFlag(body, 'logout_devices', "'logout_devices' parameter is not of type boolean");
    const isDeactivated = parseFlag(body, 'deactivated', "'deactivated' parameter is not of type boolean");
    const isLocked = parseFlag(body, 'locked', "'locked' parameter is not of type boolean");
    if (isDeactivated === true && isLocked === true) {
      throw new SynapseError(400, "An user can't be deactivated and locked");
    }
    return {
      displayName: body['displayname'],
      avatarUrl: body['avatar_url'],
      threepids: threepids?.map(([medium, address]) => ({ medium, address })),
      externalIds,
      isAdmin,
      password,
      logoutDevices: logoutDevices ?? true,
      isDeactivated,
      isLocked,
      userType,
    };
  }
}

/** A list of objects with two texts each; undefined when it is absent or null. */
function parsePairs(
  body: JsonObject,
  name: string,
  first: string,
  second: string,
): readonly (readonly [string, string])[] | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new SynapseError(400, `'${name}' parameter is not a list`, Codes.BAD_JSON);
  const pairs = new Map<string, readonly [string, string]>();
  for (const item of value as readonly JsonValue[]) {
    const members = isJsonObject(item) ? item : {};
    const missing = [first, second].filter((key) => !(key in members));
    if (missing.length > 0) throw new SynapseError(400, `Missing params: ${pythonRepr(missing)}`, Codes.MISSING_PARAM);
    const pair = [members[first], members[second]] as const;
    const [a, b] = pair;
    if (typeof a !== 'string' || typeof b !== 'string') {
      throw new SynapseError(400, `'${first}' and '${second}' must be strings`, Codes.BAD_JSON);
    }
    pairs.set(JSON.stringify(pair), [a, b]);
  }
  return [...pairs.values()];
}

function parseFlag(body: JsonObject, name: string, problem: string, errcode?: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new SynapseError(400, problem, errcode);
}

function parsePassword(body: JsonObject): string | undefined {
  const { password } = body;
  if (password === undefined || password === null) return undefined;
  if (typeof password === 'string' && password.length <= 512) return password;
  throw new SynapseError(400, 'Invalid password');
}
