import { Codes } from '../../errors/matrix-codes.js';
import { SynapseError } from '../../errors/synapse-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.js';

/** 400 `M_MISSING_PARAM` unless the body has all of these members (`http/servlet.py: assert_params_in_dict`). */
export function requireParams(body: JsonObject, names: readonly string[]): void {
  const absent = names.filter((name) => !(name in body));
  if (absent.length === 0) return;
  const list = absent.map((name) => `'${name}'`).join(', ');
  throw new SynapseError(400, `Missing params: [${list}]`, Codes.MISSING_PARAM);
}

/**
 * A text that must be there: 400 `M_MISSING_PARAM` or `M_BAD_JSON` otherwise, the codes that Synapse gives where it checks a
 * body against a model (`http/servlet.py: validate_json_object`).
 */
export function text(body: JsonObject, name: string): string {
  const value = body[name];
  if (value === undefined) throw missing(name);
  if (typeof value !== 'string') throw wrongType(name, 'a string');
  return value;
}

/** A text, or null when it is absent or null. */
export function optionalText(body: JsonObject, name: string): string | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw wrongType(name, 'a string');
  return value;
}

/** A boolean, or the default when it is absent; null is a wrong type. */
export function flag(body: JsonObject, name: string, absent: boolean): boolean {
  const value = body[name];
  if (value === undefined) return absent;
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean');
  return value;
}

/** A whole number that must be there. */
export function integer(body: JsonObject, name: string): number {
  const value = body[name];
  if (value === undefined) throw missing(name);
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer');
  return value;
}

/** A list of texts that must be there. */
export function texts(body: JsonObject, name: string): readonly string[] {
  const value = body[name];
  if (value === undefined) throw missing(name);
  if (!Array.isArray(value)) throw wrongType(name, 'a list');
  const items = value as readonly JsonValue[];
  if (!items.every((item) => typeof item === 'string')) throw wrongType(name, 'a list of strings');
  return items;
}

/** Checks the member `auth` of a body (`types/rest/client: UserInteractiveAuthBody`). */
export function checkAuthField(body: JsonObject): void {
  const auth = body['auth'];
  if (auth === undefined || auth === null) return;
  if (!isJsonObject(auth)) throw wrongType('auth', 'an object');
  optionalText(auth, 'session');
  optionalText(auth, 'type');
}

function missing(name: string): SynapseError {
  return new SynapseError(400, `${name}: Field required`, Codes.MISSING_PARAM);
}

function wrongType(name: string, expected: string): SynapseError {
  return new SynapseError(400, `${name}: Input should be ${expected}`, Codes.BAD_JSON);
}
