/**
 * A test of one value: equal to this, one of these, or one of the forms below. A missing value passes only
 * `{ exists: false }` and `not`.
 *
 * @example
 * ```ts
 * import { type WhenTest } from 'vesicle';
 * const test: WhenTest = ['m.text', 'm.notice'];
 * ```
 */
export type WhenTest = string | number | boolean | null | readonly (string | number | boolean | null)[] | WhenTextTest;

/**
 * The forms of a test that are more than equality. Texts are compared with case.
 *
 * @example
 * ```ts
 * import { type WhenTextTest } from 'vesicle';
 * const test: WhenTextTest = { not: { prefix: 'm.' } };
 * ```
 */
export type WhenTextTest =
  /** `*` stands for any characters, `?` for one. */
  | { readonly glob: string | readonly string[] }
  | { readonly prefix: string | readonly string[] }
  | { readonly not: WhenTest }
  | { readonly exists: boolean };

/**
 * A test of the user on whose behalf something happens.
 *
 * @example
 * ```ts
 * import { type WhenSender } from 'vesicle';
 * const sender: WhenSender = { local: false };
 * ```
 */
export type WhenSender = WhenTest | { readonly local: boolean } | { readonly not: WhenSender };

/**
 * Which questions a callback is asked; for the others it counts as not registered. All members must hold. It is data,
 * so that a real Synapse can decide without asking the module.
 *
 * @example
 * ```ts
 * import { type When } from 'vesicle';
 * const textsOfOthers: When = {
 *   type: 'm.room.message',
 *   'content.msgtype': ['m.text', 'm.notice'],
 *   sender: { not: { glob: '@bot-*:example.org' } },
 * };
 * ```
 */
export interface When {
  readonly type?: WhenTest;
  /** `{ exists: true }` is any state event. */
  readonly state_key?: WhenTest;
  /** The sender of the event, or the user that the question is about. */
  readonly sender?: WhenSender;
  readonly room_id?: WhenTest;
  /** A member of `content`; dots lead deeper, `\.` is a dot in a name. */
  readonly [path: `content.${string}`]: WhenTest;
  /** None of these may hold. */
  readonly not?: When | readonly When[];
}
