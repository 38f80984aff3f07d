import type { UserId } from '../matrix/ids.js';

/**
 * An account of this server (`synapse.types.UserInfo`).
 *
 * @example
 * ```ts
 * import { type UserInfo } from 'vesicle';
 * const isActive = (user: UserInfo) => !user.isDeactivated && !user.locked && !user.suspended;
 * ```
 */
export interface UserInfo {
  readonly userId: UserId;
  /** The application service that owns the account. */
  readonly appserviceId: string | null;
  readonly consentServerNoticeSent: string | null;
  readonly consentVersion: string | null;
  /** Milliseconds since 1970. */
  readonly consentTs: number | null;
  /** `support`, `bot` or null for an ordinary user. */
  readonly userType: string | null;
  /** Seconds since 1970. */
  readonly creationTs: number;
  readonly isAdmin: boolean;
  readonly isDeactivated: boolean;
  readonly isGuest: boolean;
  readonly isShadowBanned: boolean;
  readonly approved: boolean;
  readonly locked: boolean;
  readonly suspended: boolean;
}

/**
 * A client that a user was seen with (`synapse.module_api.UserIpAndAgent`).
 *
 * @example
 * ```ts
 * import { type UserIpAndAgent } from 'vesicle';
 * const isRecent = (seen: UserIpAndAgent, now: number) => now - seen.lastSeen < 60_000;
 * ```
 */
export interface UserIpAndAgent {
  readonly ip: string;
  readonly userAgent: string;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
}

/**
 * An e-mail address or phone number that belongs to an account.
 *
 * @example
 * ```ts
 * import { type ThreepidOfUser } from 'vesicle';
 * const isMail = (threepid: ThreepidOfUser) => threepid.medium === 'email';
 * ```
 */
export interface ThreepidOfUser {
  /** `email` or `msisdn`. */
  readonly medium: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly validatedAt: number;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}
