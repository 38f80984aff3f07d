import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import type { UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';
import type { HomeserverContext } from '../runtime/context.js';
import type { DeviceStore } from '../store/device-store.js';
import type { PusherStore } from '../store/pusher-store.js';
import type { AccessToken, TokenStore } from '../store/token-store.js';
import { NotFoundError } from '../parity/synapse-errors.js';
import { randomLetters } from '../runtime/random-letters.js';
import { generateAccessToken, generateRefreshToken } from './token-generator.js';

const maxNameLength = 100;

/** A device that was just logged in. */
export interface LoggedInDevice {
  readonly deviceId: string;
  readonly accessToken: string;
  readonly validUntilMs: number | null;
  readonly refreshToken: string | null;
}

/** What a device is logged in with. */
export interface DeviceLogin {
  /** A new ID when absent. */
  readonly deviceId?: string | null;
  /** Ignored when the device exists. */
  readonly displayName?: string | null;
  readonly withRefreshToken?: boolean;
}

/** Told of changes of devices, long after construction. */
export interface DeviceHooks {
  /** A device was added or renamed, or these were deleted. */
  readonly onDevicesChanged: (userId: UserId, deleted?: readonly string[]) => void;
}

/** Devices and the tokens that are bound to them (`handlers/device.py`, `handlers/register.py: register_device`). */
export class Devices {
  constructor(
    private readonly context: HomeserverContext,
    private readonly store: DeviceStore,
    private readonly tokens: TokenStore,
    private readonly pushers: PusherStore,
    private readonly hooks: DeviceHooks,
  ) {}

  /** Makes sure that the device exists and gives it an access token. Asks nobody. */
  logIn(userId: UserId, login: DeviceLogin): LoggedInDevice {
    return this.context.database.transaction(() => {
      const deviceId = this.register(userId, login.deviceId ?? null, login.displayName ?? null);
      const expiry = this.expiryOf(login.withRefreshToken === true);
      const refreshToken = login.withRefreshToken === true ? this.addRefreshToken(userId, deviceId) : undefined;
      const accessToken = generateAccessToken(userId);
      this.tokens.addAccessToken(
        {
          token: accessToken,
          ownerId: userId,
          deviceId,
          puppetsUserId: null,
          validUntilMs: expiry,
          refreshTokenId: refreshToken?.id ?? null,
        },
        this.context.clock.now(),
      );
      return { deviceId, accessToken, validUntilMs: expiry, refreshToken: refreshToken?.token ?? null };
    });
  }

  /** Makes sure that the device exists; answers with its ID. */
  register(userId: UserId, deviceId: string | null, displayName: string | null): string {
    checkName(displayName);
    const id = deviceId ?? randomLetters(10).toUpperCase();
    if (this.store.add(userId, id, displayName)) this.hooks.onDevicesChanged(userId);
    return id;
  }

  /** The devices of a user as clients get them. */
  list(userId: UserId): readonly JsonObject[] {
    return this.store.ofUser(userId).map(({ last_seen_user_agent: _, ...device }) => device);
  }

  /** One device as clients get it, or 404. */
  get(userId: UserId, deviceId: string): JsonObject {
    const device = this.store.find(userId, deviceId);
    if (device === undefined) throw new NotFoundError();
    const { last_seen_user_agent: _, ...shown } = device;
    return shown;
  }

  /** Renames a device, or 404; null leaves the name. */
  rename(userId: UserId, deviceId: string, displayName: string | null): void {
    checkName(displayName);
    if (!this.store.has(userId, deviceId)) throw new NotFoundError();
    if (displayName === null) return;
    this.store.rename(userId, deviceId, displayName);
    this.hooks.onDevicesChanged(userId);
  }

  /** Ends devices with their tokens; IDs of no device are passed over. */
  async delete(userId: UserId, deviceIds: readonly string[]): Promise<void> {
    const ended = this.context.database.transaction(() => {
      for (const deviceId of deviceIds) {
        this.store.delete(userId, deviceId);
        this.tokens.deleteRefreshTokens(userId, deviceId);
      }
      const tokens = this.tokens.accessTokensOf(userId);
      return this.endTokens(tokens.filter((token) => token.deviceId !== null && deviceIds.includes(token.deviceId)));
    });
    await this.announceEnded(ended);
    for (const deviceId of deviceIds) this.pushers.deleteOfDevice(userId, deviceId);
    this.hooks.onDevicesChanged(userId, deviceIds);
  }

  async deleteAll(userId: UserId, options: { readonly except?: string | undefined } = {}): Promise<void> {
    const ids = this.store.ofUser(userId).map((device) => device.device_id);
    await this.delete(
      userId,
      ids.filter((id) => id !== options.except),
    );
  }

  /** Ends the access tokens of a user that belong to no device, and any others left. */
  async deleteTokens(userId: UserId, options: { readonly except?: number | undefined } = {}): Promise<void> {
    const tokens = this.tokens.accessTokensOf(userId).filter((token) => token.id !== options.except);
    if (options.except === undefined) this.tokens.deleteRefreshTokens(userId);
    await this.announceEnded(this.endTokens(tokens));
    for (const token of tokens) this.pushers.deleteOfAccessToken(token.id);
  }

  /** Ends one access token, which belongs to no device. */
  async deleteTokenById(accessTokenId: number): Promise<void> {
    const token = this.tokens.findAccessTokenById(accessTokenId);
    if (token === undefined) return;
    await this.announceEnded(this.endTokens([token]));
    this.pushers.deleteOfAccessToken(token.id);
  }

  private endTokens(tokens: readonly AccessToken[]): readonly AccessToken[] {
    for (const token of tokens) this.tokens.deleteAccessToken(token);
    return tokens;
  }

  private async announceEnded(tokens: readonly AccessToken[]): Promise<void> {
    for (const { ownerId, puppetsUserId, deviceId, token } of tokens) {
      const userId = puppetsUserId ?? ownerId;
      await this.context.dispatch.ask('password_auth_provider', 'on_logged_out', userId, deviceId, token);
    }
  }

  private expiryOf(withRefreshToken: boolean): number | null {
    const { sessionLifetime, nonrefreshableAccessTokenLifetime, refreshableAccessTokenLifetime } = this.context.config;
    const lifetimes = [
      sessionLifetime,
      withRefreshToken ? refreshableAccessTokenLifetime : nonrefreshableAccessTokenLifetime,
    ].filter((lifetime) => lifetime !== undefined && lifetime !== null);
    return lifetimes.length === 0 ? null : this.context.clock.now() + Math.min(...lifetimes);
  }

  private addRefreshToken(userId: UserId, deviceId: string): { readonly id: number; readonly token: string } {
    const { sessionLifetime, refreshTokenLifetime } = this.context.config;
    const now = this.context.clock.now();
    const lifetimes = [sessionLifetime, refreshTokenLifetime].filter((lifetime) => lifetime !== undefined);
    const token = generateRefreshToken(userId);
    const id = this.tokens.addRefreshToken({
      token,
      userId,
      deviceId,
      expiryTs: refreshTokenLifetime === undefined ? null : now + Math.min(...lifetimes),
      ultimateSessionExpiryTs: sessionLifetime === undefined ? null : now + sessionLifetime,
    });
    return { id, token };
  }
}

function checkName(name: string | null): void {
  if (name === null || name.length <= maxNameLength) return;
  throw new SynapseError(400, `Device display name is too long (max ${maxNameLength})`, Codes.TOO_LARGE);
}
