import { homeserverSchema } from './homeserver/homeserver-reader.js';
import type { JsonSchema } from './values/json-schema.js';
import { moduleEntrySchema } from './module/module-entry.js';

/** One module that a file names, with the schema of its `config`; absent when it takes any. */
export interface DescribedModule {
  readonly name: string;
  readonly config?: JsonSchema;
}

/** The schema of a whole file, with the configurations of the modules that are in it. */
export function fileSchema(modules: readonly DescribedModule[]): JsonSchema {
  const configs = new Map(
    modules.flatMap(({ name, config }) => (config === undefined ? [] : [[name, config] as const])),
  );
  const rules = [...configs].map(([name, config]) => ({
    if: { properties: { module: { const: name } }, required: ['module'] },
    then: {
      properties: { config },
      ...((config.required?.length ?? 0) > 0 && { required: ['config'] }),
    },
  }));
  const items = { ...moduleEntrySchema, ...(rules.length > 0 && { allOf: rules }) };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Vesicle',
    ...homeserverSchema,
    properties: { ...homeserverSchema.properties, modules: { type: ['array', 'null'], items } },
  };
}
