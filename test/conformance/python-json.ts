import { isRecord, type Json } from './format.js';

/** JSON as Python's `json.dumps` writes it: spaces after separators, only ASCII. */
export function pythonJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (isRecord(value)) {
    const members = Object.entries(value).map(([key, item]) => `${pythonText(key)}: ${pythonJson(item)}`);
    return `{${members.join(', ')}}`;
  }
  return typeof value === 'string' ? pythonText(value) : JSON.stringify(value);
}

function pythonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
