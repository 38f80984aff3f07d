import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';

/** What the `event_fields` of a filter leave of an event: paths with dots, `\.` for a dot in a name. All of it without. */
export function selectFields(event: JsonObject, fields: readonly string[] | undefined): JsonObject {
  if (fields === undefined || fields.length === 0) return event;
  const result: Record<string, JsonValue | undefined> = {};
  for (const field of fields) copyPath(event, result, splitPath(field));
  return result;
}

/** The names in a path; `\.` is a dot and `\\` a backslash in a name. */
function splitPath(path: string): readonly string[] {
  const names: string[] = [];
  let name = '';
  for (let index = 0; index < path.length; index++) {
    const character = path.charAt(index);
    const next = path.charAt(index + 1);
    if (character === '\\' && (next === '.' || next === '\\')) {
      name += next;
      index++;
    } else if (character === '.') {
      names.push(name);
      name = '';
    } else name += character;
  }
  return [...names, name];
}

function copyPath(from: JsonObject, to: Record<string, JsonValue | undefined>, path: readonly string[]): void {
  const [name, ...rest] = path;
  if (name === undefined || !Object.hasOwn(from, name)) return;
  const value = from[name];
  if (rest.length === 0) {
    to[name] = value;
    return;
  }
  if (!isJsonObject(value)) return;
  const before = to[name];
  const copy: Record<string, JsonValue | undefined> = isJsonObject(before) ? { ...before } : {};
  copyPath(value, copy, rest);
  if (Object.keys(copy).length > 0) to[name] = copy;
}
