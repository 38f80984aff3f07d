import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../../src/config/values/json-schema.js';
import { folderWith, runCli } from '../support/vesicle-cli.js';

const filter = `
import { Duration, Module } from 'vesicle';
import { IsString } from 'class-validator';

class FilterConfig {
  @IsString({ each: true }) bannedWords!: string[];
  @Duration() muteFor = Duration.parse('5d');
}

@Module({ config: FilterConfig })
export class Filter {}

@Module()
export class Free {}

@Module({ config: FilterConfig })
export class Parsed {
  static parseConfig(config: object): object {
    return config;
  }
}
`;

/** The schema of one item of \`modules\`. */
function itemOf(schema: JsonSchema): JsonSchema {
  const item = schema.properties?.['modules']?.items;
  assert.ok(item !== undefined);
  return item;
}

test('schema writes the keys of the file with the configuration of each module in it', async (t) => {
  const yaml =
    'modules: [{ module: "./filter.ts#Filter", config: { banned_words: [a] } }, { module: "./filter.ts#Free" }]';
  const folder = await folderWith(t, { 'filter.ts': filter, 'vesicle.yaml': yaml });
  const { code, out, error } = await runCli(t, folder, ['schema']);
  assert.equal(error, '');
  assert.equal(code, 0);
  const schema = JSON.parse(out) as JsonSchema;
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.properties?.['server_name'], { type: 'string', default: 'localhost' });
  assert.deepEqual(itemOf(schema).required, ['module']);
  assert.deepEqual(itemOf(schema)['allOf'], [
    {
      if: { properties: { module: { const: './filter.ts#Filter' } }, required: ['module'] },
      then: {
        properties: {
          config: {
            type: 'object',
            properties: {
              banned_words: { items: { type: 'string' }, type: 'array' },
              mute_for: {
                type: ['integer', 'string'],
                pattern: '^[-+]?\\d+[smhdwy]?$',
                description: 'Milliseconds, or a number with s, m, h, d, w or y.',
                default: 432_000_000,
              },
            },
            additionalProperties: false,
            required: ['banned_words'],
          },
        },
        required: ['config'],
      },
    },
  ]);
});

test('schema needs no right configuration of a module, and says nothing of what parseConfig changes', async (t) => {
  const yaml = 'server_nam: x\nmodules: [{ module: "./filter.ts#Filter" }, { module: "./filter.ts#Parsed" }]';
  const folder = await folderWith(t, { 'filter.ts': filter, 'vesicle.yaml': yaml });
  const { code, out } = await runCli(t, folder, ['schema']);
  assert.equal(code, 0);
  assert.equal((itemOf(JSON.parse(out) as JsonSchema)['allOf'] as readonly unknown[]).length, 1);
});

test('schema names a module that is not there', async (t) => {
  const folder = await folderWith(t, { 'vesicle.yaml': 'modules: [{ module: ./nowhere.ts }]' });
  const { code, out, error } = await runCli(t, folder, ['schema']);
  assert.equal(code, 1);
  assert.equal(out, '');
  assert.match(
    error,
    /vesicle\.yaml:1:21: Error in configuration at 'modules\.<item 0>\.module':\n {2}there is no file/,
  );
});
