import type { UserId } from '../../../matrix/ids.js';

/** Display name and avatar of a user; null for each that is not set. */
interface RoomProfile {
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** What rooms need to know of users. */
export interface RoomUsers {
  /** Whether there is an account. */
  readonly exists: (userId: UserId) => boolean;
  readonly isAdmin: (userId: UserId) => boolean;
  readonly isGuest: (userId: UserId) => boolean;
  readonly isSuspended: (userId: UserId) => boolean;
  /** The user was deactivated and asked that new members do not see what they sent. */
  readonly isErased: (userId: UserId) => boolean;
  readonly profileOf: (userId: UserId) => RoomProfile;
  /** The users whose messages this user does not want to see. */
  readonly ignoredBy: (userId: UserId) => ReadonlySet<string>;
  /** Whether the user takes invites from this inviter. */
  readonly takesInvitesFrom: (userId: UserId, inviter: UserId) => boolean;
  /** Whether an avatar is small enough and of an allowed type. */
  readonly mayUseAvatar: (url: string) => boolean;
}
