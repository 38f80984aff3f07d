import { anyMapping, type Mapping, type Reader, refined, warnIgnoredKey } from '../values/readers.js';

/** Features of Synapse's `experimental_features` that the embedded homeserver has. */
export const knownFeatures: ReadonlySet<string> = new Set([
  'msc3391_enabled',
  'msc4069_profile_inhibit_propagation',
  'msc4133_enabled',
  'msc4140_max_delayed_events_per_user',
  'msc4155_enabled',
]);

/** Reads `experimental_features`, with a warning for each that is switched on and does nothing here. */
export const experimentalFeatures: Reader<Mapping> = refined(anyMapping, (features, place) => {
  for (const [name, member] of Object.entries(features)) {
    if (member !== false && member !== null && !knownFeatures.has(name)) warnIgnoredKey(place.at(name));
  }
  return features;
});
