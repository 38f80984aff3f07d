import { filledText } from './filled-text.js';
import { type Findings, Place } from '../values/place.js';
import { isMapping } from '../values/readers.js';
import { Redactor, type SecretSources } from './secrets.js';
import { tooLarge } from './yaml-scalars.js';
import type { Source } from './yaml-source.js';

/** A value whose texts get their secrets; positions are unknown. */
export function readValue(value: unknown, findings: Findings, secrets: SecretSources): Source {
  const redactor = new Redactor();
  const read = (at: unknown, place: Place): unknown => {
    if (typeof at === 'string') return filledText(at, place, secrets, redactor);
    if (Array.isArray(at)) return at.map((item, index) => read(item, place.at(index)));
    // Python's integers have any size: they are refused as those of a file are.
    if (typeof at === 'bigint') return place.fault(tooLarge(String(at)));
    if (at instanceof Set)
      return new Set([...(at as Iterable<unknown>)].map((item, index) => read(item, place.at(index))));
    if (!isMapping(at)) return at;
    return Object.fromEntries(Object.entries(at).map(([key, member]) => [key, read(member, place.at(key))]));
  };
  return { value: read(value, new Place(findings)), positionOf: () => undefined, redactor };
}
