import type { RoomAlias, UserId } from '../matrix/ids.js';

/** A user ID, or a text in the code of a test that looks like one. */
export type UserIdText = UserId | `@${string}:${string}`;

/** A room alias, or a text in the code of a test that looks like one. */
export type RoomAliasText = RoomAlias | `#${string}:${string}`;
