import { filledText } from './filled-text.js';
import { type Diagnostics, ConfigCursor } from '../values/config-cursor.js';
import { isMapping } from '../values/readers.js';
import { Redactor, type SecretSources } from './secrets.js';
import { tooLarge } from './yaml-scalars.js';
import type { Source } from './yaml-source.js';

/** A value whose texts get their secrets; positions are unknown. */
export function readValue(value: unknown, diagnostics: Diagnostics, secrets: SecretSources): Source {
  const redactor = new Redactor();
  const read = (at: unknown, place: ConfigCursor): unknown => {
    if (typeof at === 'string') return filledText(at, place, secrets, redactor);
    if (Array.isArray(at)) return at.map((item, index) => read(item, place.at(index)));
    // Python's integers have any size: they are refused as those of a file are.
    if (typeof at === 'bigint') return place.report(tooLarge(String(at)));
    if (at instanceof Set)
      return new Set([...(at as Iterable<unknown>)].map((item, index) => read(item, place.at(index))));
    if (!isMapping(at)) return at;
    return Object.fromEntries(Object.entries(at).map(([key, member]) => [key, read(member, place.at(key))]));
  };
  return { value: read(value, new ConfigCursor(diagnostics)), positionOf: () => undefined, redactor };
}
