import type { JsonObject, JsonValue } from './json.js';

/** Reads JSON that this server wrote itself: from a column of its database, or the text of an event that it has checked. */
export function parseStoredJson(text: string): JsonValue {
  return JSON.parse(text) as JsonValue;
}

/** The same where an object was written. */
export function parseStoredObject(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

/** The same where an array was written. */
export function parseStoredArray(text: string): readonly JsonValue[] {
  return JSON.parse(text) as readonly JsonValue[];
}
