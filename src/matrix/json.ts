/**
 * A value that JSON can hold.
 *
 * @example
 * ```ts
 * import { type JsonValue } from 'vesicle';
 * const values: readonly JsonValue[] = [null, true, 1, 'text', [1, 2], { a: 1 }];
 * ```
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/**
 * A JSON object whose members nobody has looked at yet.
 *
 * @example
 * ```ts
 * import { type JsonObject } from 'vesicle';
 * const nameOf = (profile: JsonObject) => String(profile['displayname']);
 * ```
 */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/**
 * A JSON object that its holder may change.
 *
 * @example
 * ```ts
 * import { type MutableJsonObject } from 'vesicle';
 * const config: MutableJsonObject = { preset: 'public_chat' };
 * config['name'] = 'Lobby';
 * ```
 */
export type MutableJsonObject = { [key: string]: unknown };

/**
 * Whether a value is a JSON object (not null, not an array).
 *
 * @example
 * ```ts
 * import { isJsonObject } from 'vesicle';
 * const bodyOf = (content: unknown) => (isJsonObject(content) ? content['body'] : undefined);
 * ```
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a JSON value is an array. `Array.isArray` alone leaves items of type `any`. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The items of a JSON array; none where the value is something else. */
export function itemsOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonArray(value) ? value : [];
}

/** The strings in a JSON array; none where the value is something else. */
export function stringsOf(value: JsonValue | undefined): readonly string[] {
  return itemsOf(value).filter((item) => typeof item === 'string');
}

/** Whether a JSON value is an array of strings and nothing else. */
export function isStringArray(value: JsonValue | undefined): value is readonly string[] {
  return isJsonArray(value) && value.every((item) => typeof item === 'string');
}

/** Whether a value is an array, of whatever. */
export function isArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
