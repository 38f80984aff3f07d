import { isUtf8 } from 'node:buffer';
import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json.js';

/** Python's parser gives up near its recursion limit of 1000; ours must, before somebody serializes the value recursively. */
const MAX_DEPTH = 900;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Hints, cheap to look for, that a text may hold what JSON.parse takes and no later code should meet. */
const SUSPICIOUS = /__proto__|\\u|\d{300}|[eE]\+?\d{3}/;

/**
 * Reads the body of a request as JSON (`http/servlet.py: parse_json_value_from_request`): 400 `M_NOT_JSON` when it is none.
 * What Python refuses later, or JavaScript could not hand on unharmed (numbers that overflow, lone surrogates, a member named
 * `__proto__`), is 400 `M_BAD_JSON`.
 */
export function parseJson(bytes: Uint8Array): JsonValue {
  if (!isUtf8(bytes)) throw notJson();
  if (bytes.byteLength > 2 * MAX_DEPTH && isTooDeep(bytes)) throw notJson();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw notJson({ cause: error });
  }
  if (SUSPICIOUS.test(text)) assertHarmless(value);
  return value;
}

/** The same for a body that must be an object (`parse_json_object_from_request`): 400 `M_BAD_JSON` when it is another value. */
export function parseJsonObject(bytes: Uint8Array, options: { readonly allowEmpty?: boolean } = {}): JsonObject {
  if (bytes.byteLength === 0 && options.allowEmpty === true) return {};
  const value = parseJson(bytes);
  if (isJsonObject(value)) return value;
  // Where a body may be absent, Synapse takes `null` for an absent one.
  if (value === null && options.allowEmpty === true) return {};
  throw new SynapseError(400, 'Content must be a JSON object.', Codes.BAD_JSON);
}

function notJson(options?: ErrorOptions): SynapseError {
  return new SynapseError(400, 'Content not JSON.', Codes.NOT_JSON, {}, {}, options);
}

function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < bytes.byteLength; at++) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function assertHarmless(value: JsonValue | undefined): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw badJson('a number is too large');
  } else if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw badJson('a string holds half a surrogate pair');
  } else if (isJsonArray(value)) {
    for (const item of value) assertHarmless(item);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') throw badJson('a member is named __proto__');
      assertHarmless(key);
      assertHarmless(member);
    }
  }
}

function badJson(reason: string): SynapseError {
  return new SynapseError(400, `Bad JSON: ${reason}`, Codes.BAD_JSON);
}
