import type { SchemaOptions, Tags } from 'yaml';

const BOOL = 'tag:yaml.org,2002:bool';
const FLOAT = 'tag:yaml.org,2002:float';

/** What PyYAML, which Synapse reads with, takes for booleans and floats; the `yaml` package is a little more generous. */
const PYTHON_TESTS: Readonly<Record<string, RegExp>> = {
  [`${BOOL} true`]: /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/,
  [`${BOOL} false`]: /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  [`${FLOAT} EXP`]: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)[eE][-+][0-9]+$/,
};

/**
 * YAML 1.1 with `<<`, as PyYAML reads it, so that a module gets the same configuration on both hosts (`enabled: yes` is true).
 * Dates stay texts, and what JSON cannot hold is refused: a module expects plain values on both hosts.
 */
export const pythonSchema: SchemaOptions & { readonly version: '1.1' } = {
  version: '1.1',
  merge: true,
  customTags: (tags) => tags.flatMap(adapt),
};

function adapt(tag: Tags[number]): Tags {
  if (typeof tag === 'string') return [tag];
  if (/:(?:timestamp|binary|set|omap|pairs)$/.test(tag.tag)) return [];
  const isExponent = 'format' in tag && tag.format === 'EXP';
  const kind = isExponent ? 'EXP' : String(tag.identify?.(true));
  const test = PYTHON_TESTS[`${tag.tag} ${kind}`];
  return [test === undefined ? tag : Object.assign({}, tag, { test })];
}
