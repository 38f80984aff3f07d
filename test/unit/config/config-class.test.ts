import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsBoolean,
  IsEnum,
  IsInstance,
  IsInt,
  IsOptional,
  IsString,
  Max,
  ValidateNested,
} from 'class-validator';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConfigClass } from '../../../src/config/module/class-libraries.js';
import { readConfigClass } from '../../../src/config/module/config-class.js';
import { Diagnostics, ConfigCursor } from '../../../src/config/values/config-cursor.js';
import { formatPath } from '../../../src/config/values/problem.js';

class Rule {
  @IsString() pattern!: string;
  @Transform(({ value }) => new RegExp(String(value))) @IsOptional() @IsInstance(RegExp) also?: RegExp;
}

abstract class Action {
  @IsString() type!: string;
}
class Log extends Action {
  @IsString() file!: string;
}
class Mail extends Action {
  @IsString() mailTo!: string;
}
const kinds = {
  keepDiscriminatorProperty: true,
  discriminator: {
    property: 'type',
    subTypes: [
      { value: Log, name: 'log' },
      { value: Mail, name: 'mail' },
    ],
  },
};

enum Level {
  Low,
  High,
}
enum Side {
  Left = 'left',
  Right = 'right',
}

class Collections {
  @ValidateNested({ each: true }) @Type(() => Rule) rules: Rule[] = [];
  @ValidateNested({ each: true }) @Type(() => Rule) named: Map<string, Rule> = new Map<string, Rule>();
  @ValidateNested({ each: true }) @Type(() => Rule) several: Set<Rule> = new Set<Rule>();
  plainMap = new Map<string, string>();
  plainSet = new Set<string>();
  @IsInt({ each: true }) @Max(9, { each: true }) limits: Map<string, number> = new Map<string, number>();
  @IsBoolean({ each: true }) failOpen: Record<string, boolean> = {};
}

class Required {
  @ValidateNested() @Type(() => Rule) rule!: Rule;
}

class RequiredList {
  @ValidateNested({ each: true }) @Type(() => Rule) rules!: Rule[];
}

class Union {
  @IsOptional() @ValidateNested() @Type(() => Action, kinds) one?: Log | Mail;
  @ValidateNested({ each: true }) @Type(() => Action, kinds) many: (Log | Mail)[] = [];
}

class Enums {
  @IsEnum(Level) level: Level = Level.Low;
  @IsEnum(Side, { each: true }) sides: Side[] = [];
  @IsEnum(['google', 'kakao']) provider = 'google';
}

class Named {
  @IsString() first = 'a';
  @Expose() get name(): string {
    return `${this.first}!`;
  }
}
class Inherited extends Named {
  #token = 'none';
  @IsString() lang = 'en';
  get token(): string {
    return this.#token;
  }
  set token(value: string) {
    this.#token = value;
  }
}

class Own {
  @IsInt({ each: true, message: 'Whole numbers only, please' }) counts: number[] = [];
  @Max(3, { message: '$property: at most $constraint1!' }) most = 1;
  @ArrayMinSize(1, { message: 'Write one word at least' }) words: string[] = ['a'];
}

class Hidden {
  @IsInt() shown = 1;
}
// What TypeScript makes of `@IsString() #token`.
IsString()(Hidden.prototype, '');

const right: readonly (readonly [type: ConfigClass, given: object, expected: object])[] = [
  [
    Collections,
    { plain_map: { a: 'b' }, plain_set: ['a', 'b', 'a'] },
    { plainMap: new Map([['a', 'b']]), plainSet: new Set(['a', 'b']) },
  ],
  [
    Collections,
    { plain_set: new Set(['x']), limits: { a: 1 } },
    { plainSet: new Set(['x']), limits: new Map([['a', 1]]) },
  ],
  [Collections, { fail_open: { x: true } }, { failOpen: { x: true } }],
  [Collections, { several: [{ pattern: 'a' }] }, { several: new Set([Object.assign(new Rule(), { pattern: 'a' })]) }],
  [
    Collections,
    { named: { a: { pattern: 'b' } } },
    { named: new Map([['a', Object.assign(new Rule(), { pattern: 'b' })]]) },
  ],
  [Union, { one: { type: 'log', file: 'x' } }, { one: Object.assign(new Log(), { type: 'log', file: 'x' }) }],
  [
    Union,
    { many: [{ type: 'mail', mail_to: 'x' }] },
    { many: [Object.assign(new Mail(), { type: 'mail', mailTo: 'x' })] },
  ],
  [Union, { one: null }, { one: null }],
  [
    Enums,
    { level: 1, sides: ['left'], provider: 'kakao' },
    { level: Level.High, sides: [Side.Left], provider: 'kakao' },
  ],
  [Inherited, { first: 'b', token: 'x' }, { first: 'b', name: 'b!', token: 'x' }],
];

const aMapping = 'Write "key: value" lines below the key.';
const wrong: readonly (readonly [
  type: ConfigClass,
  given: object,
  ...problems: (readonly [path: string, text: string])[],
])[] = [
  [Required, {}, ['', '"rule" is missing. Add it: a mapping.']],
  [Required, { rule: null }, ['rule', `expected a mapping, got nothing. ${aMapping}`]],
  [Required, { rule: [{ pattern: 'a' }] }, ['rule', `expected a mapping, got a list. ${aMapping}`]],
  [RequiredList, {}, ['', '"rules" is missing. Add it: a list.']],
  [Collections, { named: [{ pattern: 'x' }] }, ['named', `expected a mapping, got a list. ${aMapping}`]],
  [Collections, { plain_map: ['x'] }, ['plain_map', `expected a mapping, got a list. ${aMapping}`]],
  [
    Collections,
    { plain_set: { a: 1 } },
    ['plain_set', 'expected a list, got a mapping. Write it as a list: [..., ...].'],
  ],
  [
    Collections,
    { rules: [[], null, 'a', { pattern: 'b' }] },
    ['rules.<item 0>', `expected a mapping, got a list. ${aMapping}`],
    ['rules.<item 1>', `expected a mapping, got nothing. ${aMapping}`],
    ['rules.<item 2>', `expected a mapping, got a string. ${aMapping}`],
  ],
  [
    Collections,
    { fail_open: { x: 'yes' } },
    ['fail_open.x', 'each value in fail_open must be a boolean value, got "yes".'],
  ],
  [Collections, { limits: { a: 1, b: 10 } }, ['limits.b', 'each value in limits must not be greater than 9, got 10.']],
  [Union, { one: { type: 'other' } }, ['one.type', 'expected one of "log", "mail", got "other".']],
  [Union, { one: {} }, ['one', '"type" is missing. Add it: one of "log", "mail".']],
  [Union, { one: [{ type: 'log', file: 'x' }] }, ['one', `expected a mapping, got a list. ${aMapping}`]],
  [
    Union,
    { many: [{ type: 'lgo', file: 'a' }] },
    ['many.<item 0>.type', 'expected one of "log", "mail", got "lgo". Did you mean "log"?'],
  ],
  [Union, { many: [null] }, ['many.<item 0>', `expected a mapping, got nothing. ${aMapping}`]],
  [Enums, { level: 'High' }, ['level', 'expected one of 0 (Low), 1 (High), got "High". Write 1.']],
  [Enums, { level: 7 }, ['level', 'expected one of 0 (Low), 1 (High), got 7.']],
  [
    Enums,
    { sides: ['left', 'rihgt'] },
    ['sides.<item 1>', 'expected one of "left", "right", got "rihgt". Did you mean "right"?'],
  ],
  [Enums, { provider: 'yahoo' }, ['provider', 'expected one of "google", "kakao", got "yahoo".']],
  [Inherited, { name: 'x' }, ['name', 'unknown key "name". Remove it.']],
  [
    Collections,
    { rules: [{ pattern: 'a' }, { pattern: 'b', also: '(' }] },
    ['rules.<item 1>.also', 'Invalid regular expression: /(/: Unterminated group'],
  ],
  [Own, { counts: [1, 'x', 2] }, ['counts.<item 1>', 'Whole numbers only, please']],
  [Own, { counts: 'x' }, ['counts', 'Whole numbers only, please']],
  [Own, { most: 5 }, ['most', 'most: at most 3!']],
  [
    Hidden,
    { shown: 'x', token: 'a' },
    [
      '',
      'a decorator of Hidden stands on a member whose name begins with "#", which no decorator can reach. Write "private" in place of "#".',
    ],
    ['token', 'unknown key "token". Remove it.'],
    ['shown', 'shown must be an integer number, got "x".'],
  ],
  [Own, { words: 'x' }, ['words', 'Write one word at least']],
];

async function read(
  type: ConfigClass,
  given: object,
): Promise<readonly [value: object | null, problems: readonly unknown[]]> {
  const diagnostics = new Diagnostics();
  const value = await readConfigClass(type, given, new ConfigCursor(diagnostics), () => new Map());
  return [value, diagnostics.problems.map(({ path, causes }) => [formatPath(path), causes.join(' ')])];
}

describe('a configuration class', () => {
  for (const [type, given, expected] of right) {
    test(`takes ${type.name} ${JSON.stringify(given)} as what the class says`, async () => {
      const [value, problems] = await read(type, given);
      assert.deepEqual(problems, []);
      assert.ok(value instanceof type);
      const names = Object.keys(expected);
      assert.deepEqual(
        Object.fromEntries(names.map((name) => [name, (value as unknown as Record<string, unknown>)[name]])),
        expected,
      );
    });
  }

  for (const [type, given, ...problems] of wrong) {
    test(`refuses ${type.name} ${JSON.stringify(given)} with place and remedy`, async () => {
      assert.deepEqual(await read(type, given), [null, problems]);
    });
  }
});
