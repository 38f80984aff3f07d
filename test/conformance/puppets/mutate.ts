import type { MatrixEvent } from '../../../src/matrix/event.js';
import { isRecord } from '../format.js';
import { camelCase } from './casing.js';

/** Sets what is at a dotted path of an object in place, as Python would; `{"$delete": true}` removes it. */
export function setPath(target: unknown, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  const holder = parts.reduce(member, target);
  const object = holder as Record<string, unknown>;
  if (isRecord(value) && value['$delete'] === true) Reflect.deleteProperty(object, last);
  // What cannot be changed stays as it is: what events hold is read-only, and a puppet gets no error of it.
  else Reflect.set(object, memberName(holder, last), value);
}

function member(holder: unknown, name: string): unknown {
  // `event["content"]` of Python is a copy.
  const object = isEvent(holder) ? holder.getDict() : (holder as Record<string, unknown>);
  return object[memberName(object, name)];
}

/** Python's attribute names are in snake_case where ours are in camelCase. */
function memberName(holder: unknown, name: string): string {
  const isOurs = typeof holder === 'object' && holder !== null && !(name in holder) && camelCase(name) in holder;
  return isOurs ? camelCase(name) : name;
}

function isEvent(value: unknown): value is MatrixEvent {
  return typeof value === 'object' && value !== null && 'getDict' in value;
}
