import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, isStringArray, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';

/** 400 `M_MISSING_PARAM` unless the body has all of these members (`http/servlet.py: assert_params_in_dict`). */
export function requireParams(body: JsonObject, names: readonly string[]): void {
  const absent = names.filter((name) => !(name in body));
  if (absent.length === 0) return;
  throw new SynapseError(400, `Missing params: ${pythonRepr(absent)}`, Codes.MISSING_PARAM);
}

/** What is wrong with a member of a body. Only some faults have an errcode of their own. */
interface Fault {
  readonly kind: 'missing' | 'value' | 'type';
  readonly problem: string;
}

/** Looks at a member; undefined stands for an absent one. */
export type FieldCheck = (value: JsonValue | undefined) => Fault | undefined;

/**
 * Checks a body against a model as Synapse does (`http/servlet.py: validate_json_object`): 400 `M_MISSING_PARAM` for one
 * missing member, `M_INVALID_PARAM` for one value that a rule of its own refuses, `M_BAD_JSON` for everything else.
 */
export function checkModel(body: JsonObject, model: Readonly<Record<string, FieldCheck>>): void {
  const fault = faultOf(Object.entries(model).map(([name, check]) => [name, check(body[name])]));
  if (fault !== undefined) throw refusal(fault);
}

function refusal(fault: Fault): SynapseError {
  const codes = { missing: Codes.MISSING_PARAM, value: Codes.INVALID_PARAM, type: Codes.BAD_JSON };
  return new SynapseError(400, fault.problem, codes[fault.kind]);
}

/** The faults of members as one: several are a wrong type, whatever each of them is. */
function faultOf(members: readonly (readonly [name: string, fault: Fault | undefined])[]): Fault | undefined {
  const faults = members.flatMap(([name, fault]) => {
    return fault === undefined ? [] : [{ ...fault, problem: `${name}: ${fault.problem}` }];
  });
  const [first, second] = faults;
  if (first === undefined || second === undefined) return first;
  return { kind: 'type', problem: faults.map((fault) => fault.problem).join('; ') };
}

/** A text. */
export const isText: FieldCheck = required('a string', (value) => typeof value === 'string');
/** A boolean. */
export const isFlag: FieldCheck = required('a boolean', (value) => typeof value === 'boolean');
/** A whole number. */
export const isInteger: FieldCheck = required('an integer', (value) => Number.isInteger(value));
/** A list of texts. */
export const isTexts: FieldCheck = required('a list of strings', isStringArray);
/** The secret of a validation, as the specification has it. */
export const isClientSecret: FieldCheck = required(
  'a string of 1 to 255 letters, digits and .=_-',
  (value) => typeof value === 'string' && /^[0-9a-zA-Z.=_-]{1,255}$/.test(value),
);

/** One of some texts. */
export function isOneOf(...allowed: readonly string[]): FieldCheck {
  const list = allowed.map((text) => `'${text}'`).join(' or ');
  return required(list, (value) => typeof value === 'string' && allowed.includes(value));
}

/** An object with any keys, each member of which fulfils a check. */
export function isMapOf(check: FieldCheck): FieldCheck {
  return inObject((value) => Object.entries(value).map(([name, member]) => [name, check(member)]));
}

/** An object that fulfils a model. */
export function isModel(model: Readonly<Record<string, FieldCheck>>): FieldCheck {
  return inObject((value) => Object.entries(model).map(([name, check]) => [name, check(value[name])]));
}

function inObject(look: (value: JsonObject) => readonly (readonly [string, Fault | undefined])[]): FieldCheck {
  const isObject = required('an object', isJsonObject);
  return (value) => (isJsonObject(value) ? faultOf(look(value)) : isObject(value));
}

/** The same, absent or null. */
export function orNull(check: FieldCheck): FieldCheck {
  return (value) => (value === undefined || value === null ? undefined : check(value));
}

/** The same, or absent. */
export function orAbsent(check: FieldCheck): FieldCheck {
  return (value) => (value === undefined ? undefined : check(value));
}

/** The member `auth` (`types/rest/client: AuthenticationData`). */
export const isAuth: FieldCheck = orNull((value) => {
  if (!isJsonObject(value)) return { kind: 'type', problem: 'Input should be an object' };
  return orNull(isText)(value['session']) ?? orNull(isText)(value['type']);
});

function required(what: string, isRight: (value: JsonValue) => boolean): FieldCheck {
  return (value) => {
    if (value === undefined) return missing;
    return isRight(value) ? undefined : wrongType(what);
  };
}

const missing: Fault = { kind: 'missing', problem: 'Field required' };

function wrongType(what: string): Fault {
  return { kind: 'type', problem: `Input should be ${what}` };
}

/** A text that must be there, or 400. */
export function text(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === 'string') return value;
  throw unfit(name, value, 'a string');
}

/** A text, or null when it is absent or null. */
export function optionalText(body: JsonObject, name: string): string | null {
  const value = body[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw unfit(name, value, 'a string');
}

/** A boolean, or the default when it is absent; null is a wrong type. */
export function flag(body: JsonObject, name: string, absent: boolean): boolean {
  const { [name]: value = absent } = body;
  if (typeof value === 'boolean') return value;
  throw unfit(name, value, 'a boolean');
}

/** A whole number that must be there. */
export function integer(body: JsonObject, name: string): number {
  const value = body[name];
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw unfit(name, value, 'an integer');
}

/** A whole number, or null when it is absent or null. */
export function optionalInteger(body: JsonObject, name: string): number | null {
  return (body[name] ?? null) === null ? null : integer(body, name);
}

/** A list of texts that must be there. */
export function texts(body: JsonObject, name: string): readonly string[] {
  const value = body[name];
  if (isStringArray(value)) return value;
  throw unfit(name, value, 'a list of strings');
}

function unfit(name: string, value: JsonValue | undefined, what: string): SynapseError {
  const fault = value === undefined ? missing : wrongType(what);
  return refusal({ ...fault, problem: `${name}: ${fault.problem}` });
}
