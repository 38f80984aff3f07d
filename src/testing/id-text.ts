import type { RoomAlias, UserId } from '../matrix/ids.js';

/**
 * A user ID, or a string in the code of a test that looks like one.
 *
 * @example
 * ```ts
 * import { type UserIdText } from 'vesicle/testing';
 * const alice: UserIdText = '@alice:hs.test';
 * ```
 */
export type UserIdText = UserId | `@${string}:${string}`;

/**
 * A room alias, or a string in the code of a test that looks like one.
 *
 * @example
 * ```ts
 * import { type RoomAliasText } from 'vesicle/testing';
 * const lobby: RoomAliasText = '#lobby:hs.test';
 * ```
 */
export type RoomAliasText = RoomAlias | `#${string}:${string}`;
