/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object whose members nobody has looked at yet. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** A JSON object that its holder may change. */
export type MutableJsonObject = { [key: string]: unknown };

/** Whether a value is a JSON object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
