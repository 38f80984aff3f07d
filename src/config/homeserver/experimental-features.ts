import { anyMapping, described, type Mapping, type Reader, warnMeaningless } from '../values/readers.js';

/** What the embedded homeserver does of Synapse's `experimental_features`. */
export const knownFeatures: ReadonlySet<string> = new Set([
  'msc3391_enabled',
  'msc4069_profile_inhibit_propagation',
  'msc4133_enabled',
  'msc4140_max_delayed_events_per_user',
  'msc4155_enabled',
]);

/** Reads `experimental_features`; each that is switched on, and does nothing here, is warned of by its name. */
export const experimentalFeatures: Reader<Mapping> = described(anyMapping.schema, (value, place) => {
  const features = anyMapping(value, place);
  for (const [name, member] of Object.entries(features ?? {})) {
    if (member !== false && member !== null && !knownFeatures.has(name)) warnMeaningless(place.at(name));
  }
  return features;
});
