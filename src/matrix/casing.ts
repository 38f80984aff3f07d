import type { JsonObject } from './json.js';

/** Our name for Synapse's: `user_id` is `userId`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
}

/** A record of Synapse's with our names; its values stay. */
export function camelKeys(record: JsonObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [camelCase(name), value]));
}
