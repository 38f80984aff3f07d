import { inspect } from 'node:util';
import { VesicleError } from '../../errors/vesicle-error.js';
import { isJsonObject } from '../../matrix/json.js';

/** An object of the other side; the bridge and this host come from one package, so its members are what they should be. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names the shape that the kind of the value promises
export function shape<Wire extends object>(value: unknown): Wire {
  if (!isJsonObject(value)) throw wrongValue(`${value === null ? 'null' : typeof value} in place of an object`);
  return value as unknown as Wire;
}

/** A text of the other side, for messages. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}

/** A list of the other side. */
export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongValue(`${value === null ? 'null' : typeof value} in place of an array`);
  return value as readonly unknown[];
}

/** A value that is not of its kind: the call fails, the connection goes on. */
export function wrongValue(what: string): VesicleError {
  return new VesicleError('SYNAPSE_VALUE_WRONG', { value: what });
}
