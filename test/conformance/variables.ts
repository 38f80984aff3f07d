import { isRecord, type Json, textOf } from './format.js';

/** The variables of a running case: `{name}` in its texts. */
export type Variables = Map<string, Json>;

/** Stands for a value that is not there. */
export const MISSING: unique symbol = Symbol('missing');
export type Missing = typeof MISSING;

const reference = /\{([A-Za-z_][\w.]*)\}/g;

/** Replaces `{name}` by what is known, in values and keys; a text that is one reference becomes the value itself. */
export function substitute<T>(value: T, variables: Variables): T {
  return replaceIn(value as unknown as Json, variables) as unknown as T;
}

function replaceIn(value: Json, variables: Variables): Json {
  if (typeof value === 'string') return replaceText(value, variables);
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, variables));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [textOf(replaceText(key, variables)), replaceIn(item, variables)]),
  );
}

function replaceText(text: string, variables: Variables): Json {
  const whole = /^\{([A-Za-z_][\w.]*)\}$/.exec(text)?.[1];
  if (whole !== undefined && variables.has(whole)) return variables.get(whole) ?? null;
  return text.replace(reference, (match, name: string) => (variables.has(name) ? textOf(variables.get(name)) : match));
}

/** The value at a dotted path; the empty path is the whole. */
export function valueAt(value: Json | undefined, path: string): Json | Missing {
  let at: Json | undefined = value;
  if (path !== '') for (const part of path.split('.')) at = member(at, part);
  return at === undefined ? MISSING : at;
}

function member(value: Json | undefined, part: string): Json | undefined {
  if (Array.isArray(value)) return /^-?\d+$/.test(part) ? value.at(Number(part)) : undefined;
  return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}
