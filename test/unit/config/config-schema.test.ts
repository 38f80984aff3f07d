import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsEnum,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MinLength,
  ValidateNested,
} from 'class-validator';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../../../src/config/module/config-schema.js';
import { ByteSize } from '../../../src/decorators/byte-size.js';
import { Duration } from '../../../src/decorators/duration.js';
import { readUnits } from '../../../src/metadata/unit-record.js';

enum Colour {
  Red = 'red',
  Blue = 'blue',
}

class Rule {
  @IsString() @MinLength(2) pattern!: string;
  @ValidateNested() @IsOptional() except?: Rule;
}

class FilterConfig {
  @IsString() @Matches(/^!/) room!: string;
  @IsString({ each: true }) @ArrayMinSize(1) bannedWords: string[] = ['casino'];
  @IsInt() @Max(5) limit = 3;
  @IsOptional() @IsIn(['a', 'b']) way?: string;
  @IsEnum(Colour) colour: Colour = Colour.Red;
  @Duration() muteFor = Duration.parse('5s');
  @ByteSize() maxSize!: number;
  @ValidateNested({ each: true }) @Type(() => Rule) rules: Rule[] = [];
  @ValidateNested({ each: true }) @Type(() => Rule) named: Map<string, Rule> = new Map<string, Rule>();
  loud = false;
}

test('a configuration class yields a JSON Schema with the keys of the file', async () => {
  const rule = {
    type: 'object',
    properties: { pattern: { type: 'string', minLength: 2 }, except: { type: 'object' } },
    additionalProperties: false,
    required: ['pattern'],
  };
  assert.deepEqual(await configSchema(FilterConfig, readUnits), {
    type: 'object',
    properties: {
      room: { type: 'string', pattern: '^!' },
      banned_words: { type: 'array', items: { type: 'string' }, minItems: 1, default: ['casino'] },
      limit: { type: 'integer', maximum: 5, default: 3 },
      way: { type: 'string', enum: ['a', 'b'] },
      colour: { type: 'string', enum: ['red', 'blue'], default: 'red' },
      mute_for: {
        type: ['integer', 'string'],
        pattern: '^[-+]?\\d+[smhdwy]?$',
        description: 'Milliseconds, or a number with s, m, h, d, w or y.',
        default: 5000,
      },
      max_size: {
        type: ['integer', 'string'],
        pattern: '^[-+]?\\d+[KMGT]?$',
        description: 'Bytes, or a number with K, M, G or T.',
      },
      rules: { type: 'array', items: rule, default: [] },
      named: { type: 'object', additionalProperties: rule },
      loud: { type: 'boolean', default: false },
    },
    additionalProperties: false,
    required: ['room'],
  });
});
