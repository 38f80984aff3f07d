/** A JSON Schema (draft 2020-12), as far as editors need it. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: false | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly [keyword: string]: unknown;
}

/** What is written with a unit. */
export const unitSchemas: Readonly<Record<'duration' | 'byte_size', JsonSchema>> = {
  duration: {
    type: ['integer', 'string'],
    pattern: '^[-+]?\\d+[smhdwy]?$',
    description: 'Milliseconds, or a number with s, m, h, d, w or y.',
  },
  byte_size: {
    type: ['integer', 'string'],
    pattern: '^[-+]?\\d+[KMGT]?$',
    description: 'Bytes, or a number with K, M, G or T.',
  },
};
