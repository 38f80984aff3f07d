import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { domainOf, type UserId } from '../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../matrix/json.js';
import type { Requester } from '../../matrix/requester.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { UserStore } from '../store/user-store.js';
import { AuthError, NotFoundError, StoreError } from '../parity/synapse-errors.js';

const maxDisplayNameLength = 256;
const maxAvatarUrlLength = 1000;
const maxProfileSize = 65_536;

/** A change of one field of a profile. */
export interface ProfileChange {
  readonly target: UserId;
  readonly requester: Requester;
  /** The requester administers the server, or somebody acts as if. */
  readonly byAdmin: boolean;
  /** false: the user's rooms are not told. */
  readonly propagate?: boolean;
}

/** What a changed profile leads to elsewhere. */
export interface ProfileHooks {
  /** Updates the user's membership in all rooms they are in, in the background. */
  readonly onProfileChanged: (requester: Requester, userId: UserId) => void;
  /** Asks the server of a user of another one for the profile, or one field of it. */
  readonly askServer: (userId: UserId, field: string | undefined) => Promise<JsonObject>;
  /** The rooms that two users share decide who sees whose profile. */
  readonly shareRoom: (userId: UserId, otherUserId: UserId) => boolean;
  /** A file of this server by its `mxc:` URL; undefined when there is none. */
  readonly findMedia: (url: string) => { readonly size: number; readonly type: string } | undefined;
}

/** Profiles (`handlers/profile.py`). */
export class Profiles {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: UserStore,
    private readonly hooks: ProfileHooks,
  ) {}

  /** 403 when the configuration shows profiles only to those who share a room. */
  checkVisible(target: UserId, requester: Requester | undefined): void {
    if (!this.context.config.limitProfileRequestsToUsersWhoShareRooms) return;
    if (requester === undefined || requester.userId === target) return;
    if (this.hooks.shareRoom(requester.userId, target)) return;
    throw new SynapseError(403, "Profile isn't available", Codes.FORBIDDEN);
  }

  /** The profile of a user of whatever server, or one field of it, as clients get it. */
  async read(userId: UserId, field?: string): Promise<JsonObject> {
    if (domainOf(userId) !== this.context.serverName) return this.hooks.askServer(userId, field);
    return field === undefined ? this.whole(userId) : this.field(userId, field);
  }

  /** The whole profile as clients get it, or 404. */
  whole(userId: UserId): JsonObject {
    this.checkReachable(userId);
    const { displayName, avatarUrl } = this.store.profileOf(userId);
    const fields = this.store.profileFields(userId);
    if (displayName === null && avatarUrl === null && Object.keys(fields).length === 0) throw profileNotFound();
    return {
      ...(displayName === null ? {} : { displayname: displayName }),
      ...(avatarUrl === null ? {} : { avatar_url: avatarUrl }),
      ...fields,
    };
  }

  /** One field as clients get it: an empty object for a name or avatar that is not set, 404 for other fields. */
  field(userId: UserId, name: string): JsonObject {
    this.checkReachable(userId);
    if (!this.store.hasProfile(userId)) throw profileNotFound();
    const { displayName, avatarUrl } = this.store.profileOf(userId);
    if (name === 'displayname') return displayName === null ? {} : { displayname: displayName };
    if (name === 'avatar_url') return avatarUrl === null ? {} : { avatar_url: avatarUrl };
    const value = this.store.profileFields(userId)[name];
    if (value === undefined) throw profileNotFound();
    return { [name]: value };
  }

  /** Sets any field. */
  async setField(change: ProfileChange, name: string, value: JsonValue): Promise<void> {
    if (name === 'displayname') await this.setDisplayName(change, parseText(value, name));
    else if (name === 'avatar_url') await this.setAvatarUrl(change, parseText(value, name));
    else await this.setCustomField(change, name, value);
  }

  /** Sets the display name; the empty text removes it. */
  async setDisplayName(change: ProfileChange, displayName: string): Promise<void> {
    this.checkMayChange(change, 400, "Cannot set another user's displayname");
    const { target, byAdmin } = change;
    if (!byAdmin && !this.context.config.enableSetDisplayname && isSet(this.store.profileOf(target).displayName)) {
      throw new SynapseError(403, 'Changing display name is disabled on this server', Codes.FORBIDDEN);
    }
    if (displayName.length > maxDisplayNameLength) {
      throw new SynapseError(400, `Displayname is too long (max ${maxDisplayNameLength})`);
    }
    this.checkSize(target, 'displayname', displayName);
    this.store.setProfileColumn(target, 'displayname', displayName === '' ? null : displayName.trim());
    await this.announce(change);
  }

  /** Sets the avatar; the empty text removes it. */
  async setAvatarUrl(change: ProfileChange, avatarUrl: string): Promise<void> {
    this.checkMayChange(change, 400, "Cannot set another user's avatar_url");
    const { target, byAdmin } = change;
    if (!byAdmin && !this.context.config.enableSetAvatarUrl && isSet(this.store.profileOf(target).avatarUrl)) {
      throw new SynapseError(403, 'Changing avatar is disabled on this server', Codes.FORBIDDEN);
    }
    if (avatarUrl.length > maxAvatarUrlLength) {
      throw new SynapseError(400, `Avatar URL is too long (max ${maxAvatarUrlLength})`);
    }
    if (!this.isAllowedAvatar(avatarUrl)) {
      throw new SynapseError(403, 'This avatar is not allowed', Codes.FORBIDDEN);
    }
    this.checkSize(target, 'avatar_url', avatarUrl);
    this.store.setProfileColumn(target, 'avatar_url', avatarUrl === '' ? null : avatarUrl);
    await this.announce(change);
  }

  /** Removes any field. */
  async deleteField(change: ProfileChange, name: string): Promise<void> {
    if (name === 'displayname' || name === 'avatar_url') {
      await this.setField(change, name, '');
      return;
    }
    this.checkMayChange(change, 400, "Cannot set another user's profile");
    const { [name]: removed, ...rest } = this.store.hasProfile(change.target)
      ? this.store.profileFields(change.target)
      : {};
    if (removed !== undefined) this.store.setProfileFields(change.target, rest);
    await this.tellModules(change);
  }

  /** Removes the profile of an account that is being erased. */
  async deleteUponDeactivation(target: UserId, byAdmin: boolean): Promise<void> {
    this.store.deleteProfile(target);
    const empty = { displayName: null, avatarUrl: null };
    await this.context.dispatch.ask('third_party_rules', 'on_profile_update', target, empty, byAdmin, true);
  }

  private async setCustomField(change: ProfileChange, name: string, value: JsonValue): Promise<void> {
    this.checkMayChange(change, 403, "Cannot set another user's profile");
    const { target } = change;
    if (this.store.find(target) === undefined) throw new NotFoundError('User not found');
    this.checkSize(target, name, value);
    const fields = this.store.hasProfile(target) ? this.store.profileFields(target) : {};
    this.store.setProfileFields(target, { ...fields, [name]: value });
    await this.tellModules(change);
  }

  /** Tells the modules and then, in the background, the rooms. */
  private async announce(change: ProfileChange): Promise<void> {
    await this.tellModules(change);
    if (change.propagate === false) return;
    const { target, requester, byAdmin } = change;
    // An administrator's change enters the rooms as the user's own.
    const sender: Requester = byAdmin
      ? { userId: target, isGuest: false, shadowBanned: false, authenticatedEntity: requester.authenticatedEntity }
      : requester;
    this.hooks.onProfileChanged(sender, target);
  }

  private async tellModules({ target, byAdmin }: ProfileChange): Promise<void> {
    const profile = this.store.profileOf(target);
    await this.context.dispatch.ask('third_party_rules', 'on_profile_update', target, profile, byAdmin, false);
  }

  private checkMayChange({ target, requester, byAdmin }: ProfileChange, status: number, message: string): void {
    if (domainOf(target) !== this.context.serverName) {
      throw new SynapseError(400, 'User is not hosted on this homeserver');
    }
    if (!byAdmin && target !== requester.userId) throw new AuthError(status, message);
  }

  /** Profiles of other servers would be asked for over federation, which is not there. */
  private checkReachable(userId: UserId): void {
    if (domainOf(userId) !== this.context.serverName) throw new SynapseError(502, 'Failed to fetch profile');
  }

  /** Whether an avatar is small enough and of an allowed type. */
  isAllowedAvatar(url: string): boolean {
    const { maxAvatarSize, allowedAvatarMimetypes } = this.context.config;
    if (url === '' || (maxAvatarSize === undefined && allowedAvatarMimetypes === undefined)) return true;
    if (!/^mxc:\/\/[^/]+\/[^/]+$/.test(url)) throw new SynapseError(400, `Invalid mxc URI: ${url}`);
    const media = this.hooks.findMedia(url);
    if (media === undefined || media.size > (maxAvatarSize ?? Infinity)) return false;
    return allowedAvatarMimetypes?.includes(media.type) ?? true;
  }

  private checkSize(userId: UserId, name: string, value: JsonValue): void {
    const fields = this.store.hasProfile(userId) ? this.store.profileFields(userId) : {};
    const { displayName, avatarUrl } = this.store.profileOf(userId);
    const whole = { ...fields, displayname: displayName, avatar_url: avatarUrl, [name]: value };
    if (Buffer.byteLength(JSON.stringify(whole)) > maxProfileSize) {
      throw new StoreError(400, 'Profile too large', Codes.PROFILE_TOO_LARGE);
    }
  }
}

function parseText(value: JsonValue, name: string): string {
  if (typeof value === 'string') return value;
  throw new SynapseError(400, `'${name}' must be a string`, Codes.INVALID_PARAM);
}

function isSet(value: string | null): boolean {
  return value !== null && value !== '';
}

function profileNotFound(): NotFoundError {
  return new NotFoundError('Profile was not found');
}
