/**
 * Display name and avatar of a user (`synapse.types.ProfileInfo`).
 *
 * @example
 * ```ts
 * import { type ProfileInfo } from 'vesicle';
 * const nameOf = (profile: ProfileInfo) => profile.displayName ?? 'somebody';
 * ```
 */
export interface ProfileInfo {
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}
