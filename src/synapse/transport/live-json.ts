import { isJsonObject, type JsonObject, type MutableJsonObject } from '../../matrix/json.js';

/** What JSON that may be changed looked like before, to see afterwards whether it was. */
export class LiveJson {
  private readonly before: readonly (readonly [index: number, text: string])[];

  constructor(
    private readonly args: readonly unknown[],
    indexes: readonly number[],
  ) {
    this.before = indexes.map((index) => [index, JSON.stringify(args[index])]);
  }

  /** The arguments that are not what they were, by index; undefined when all are. */
  changed(): Readonly<Record<string, unknown>> | undefined {
    const changed = this.before.filter(([index, text]) => textOf(this.args[index]) !== text);
    if (changed.length === 0) return undefined;
    return Object.fromEntries(changed.map(([index]) => [String(index), this.args[index]]));
  }
}

/** What JSON has no form for counts as a change: it will be named when it is sent. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** Makes an object what another one is, in place. */
export function replaceMembers(object: unknown, members: unknown): void {
  if (!isJsonObject(object) || !isJsonObject(members) || Object.isFrozen(object)) return;
  const target = object as MutableJsonObject;
  for (const name of Object.keys(target)) if (!Object.hasOwn(members, name)) Reflect.deleteProperty(target, name);
  Object.assign(target, members satisfies JsonObject);
}
