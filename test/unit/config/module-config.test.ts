import { Expose, Transform, Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Configuration } from '../../../src/config/configuration.js';
import { ByteSize } from '../../../src/decorators/byte-size.js';
import { Duration } from '../../../src/decorators/duration.js';
import { Module } from '../../../src/decorators/module.js';
import { ConfigError } from '../../../src/errors/config-error.js';
import { loadModules } from '../../../src/loader/module-source.js';
import type { Class } from '../../../src/metadata/metadata-store.js';

class Limit {
  @IsInt() @Max(100) perDay!: number;
  @IsString() @IsOptional() reason?: string;
}

class Rule {
  @IsString() pattern!: string;
  @ValidateNested() limit: Limit = Object.assign(new Limit(), { perDay: 1 });
}

class Shape {
  kind = '';
}

class Circle extends Shape {
  @IsInt() radius!: number;
}

class Square extends Shape {
  @IsInt() side!: number;
}

class FilterConfig {
  @IsString() room!: string;
  @IsString({ each: true }) bannedWords: string[] = [];
  @Duration() muteFor = Duration.parse('5d');
  @Duration() steps: number[] = [];
  @ByteSize() maxSize = ByteSize.parse('1M');
  @ValidateNested({ each: true }) @Type(() => Rule) rules: Rule[] = [];
  @ValidateNested({ each: true }) @Type(() => Limit) limits: Map<string, Limit> = new Map<string, Limit>();
  @ValidateNested() @IsOptional() limit?: Limit;
  @ValidateNested()
  @IsOptional()
  @Type(() => Shape, {
    discriminator: {
      property: 'kind',
      subTypes: [
        { name: 'circle', value: Circle },
        { name: 'square', value: Square },
      ],
    },
    keepDiscriminatorProperty: true,
  })
  shape?: Shape;
  @IsObject() labels: Record<string, unknown> = {};
  @Transform(({ value }) => String(value).toUpperCase()) shout = 'A';
  @Expose({ name: 'baseURL' }) @IsString() address = '';
  loud = false;
  maxURLLength = 10;
}

class UntypedListConfig {
  @ValidateNested({ each: true }) rules: Rule[] = [];
}

class ThrowingConfig {
  @Transform(() => {
    throw new RangeError('no such place');
  })
  place = '';
}

@Module({ config: FilterConfig })
class Filter {}

@Module()
class Raw {}

@Module({ config: UntypedListConfig })
class Untyped {}

@Module({ config: ThrowingConfig })
class Throwing {}

class NotDecorated {
  readonly name = 'not decorated';
}

/** A module whose `parseConfig` is given. */
function parsing(parseConfig: (config: unknown) => unknown, config?: Class): Class {
  @Module(config === undefined ? {} : { config })
  class Parsing {
    static parseConfig = parseConfig;
  }
  return Parsing;
}

const throwing = (error: unknown): Class =>
  parsing(() => {
    throw error;
  });

class SchemaError extends Error {
  override readonly name = 'ValidationError';
  readonly path = ['rules', 1, 'pattern'];
}

const classes: Readonly<Record<string, Class>> = {
  filter: Filter,
  raw: Raw,
  untyped: Untyped,
  throwing: Throwing,
  not_decorated: NotDecorated,
  keeps: parsing((config) => config),
  merges: parsing((config) => ({ ...(config as object), room: 'merged' }), FilterConfig),
  later: parsing(async (config) => ({ ...(config as object), room: 'later' }), FilterConfig),
  null: parsing(() => null),
  config_error: throwing(new ConfigError('a is bad')),
  config_error_path: throwing(new ConfigError('the pattern is bad', ['rules', 1, 'pattern'])),
  config_error_cause: throwing(
    new ConfigError('bad value', ['sub', 'key'], { cause: new Error("invalid literal for int(): 'x'") }),
  ),
  other_error: throwing(new TypeError('inner trouble')),
  text: throwing('just a text'),
  config_error_and_class: parsing(() => {
    throw new ConfigError('the room is bad', ['room']);
  }, FilterConfig),
  schema: throwing(new SchemaError("'x' is not of type 'integer'")),
};

async function load(items: string): Promise<readonly unknown[]> {
  const yaml = `modules:\n${items.replace(/^(?=.)/gm, '  ')}\n`;
  const configuration = Configuration.read(yaml, { file: 'vesicle.yaml', env: { PIN: 'topsecret' } });
  const modules = await loadModules(configuration, { resolve: (name) => classes[name] });
  return modules.map((module) => module.config);
}

describe("a module's configuration", () => {
  const raw: readonly (readonly [yaml: string, expected: unknown])[] = [
    ['{ module: raw, config: { a: { b: [1, x, null, true, 1.5] } } }', { a: { b: [1, 'x', null, true, 1.5] } }],
    ['{ module: raw }', {}],
    ['{ module: raw, config: null }', {}],
    ['{ module: raw, config: "" }', {}],
    ['{ module: raw, config: 0 }', {}],
    ['{ module: raw, config: no }', {}],
    ['{ module: raw, config: [] }', {}],
    ['{ module: raw, config: [1, { a: 2 }] }', [1, { a: 2 }]],
    ['{ module: raw, config: yes }', true],
    ['{ module: raw, config: { constructor: 1 } }', { constructor: 1 }],
    ['{ module: keeps, config: text }', 'text'],
    ['{ module: keeps, config: null }', {}],
    ['{ module: null, config: { a: 1 } }', null],
  ];
  for (const [item, expected] of raw) {
    test(`reaches a module without a configuration class as it is: ${item}`, async () => {
      assert.deepEqual(await load(`- ${item.replace('module: null', 'module: "null"')}`), [expected]);
    });
  }

  test('fills a class: nested objects, lists and maps of them, quantities, own names, defaults', async () => {
    const [config] = await load(`
- module: filter
  config:
    room: lobby
    banned_words: [a, b]
    mute_for: 90s
    steps: [1s, 2m]
    max_size: 10K
    rules:
      - { pattern: x, limit: { per_day: 5 } }
      - pattern: y
    limits: { alice: { per_day: 7 } }
    limit: { per_day: 3 }
    shape: { kind: circle, radius: 4 }
    labels: { constructor: 5, nested: { constructor: 6 } }
    shout: abc
    baseURL: https://x/
    max_url_length: 20
`);
    assert.ok(config instanceof FilterConfig);
    assert.ok(
      config.rules[0] instanceof Rule && config.rules[0].limit instanceof Limit && config.limit instanceof Limit,
    );
    assert.ok(config.limits.get('alice') instanceof Limit && config.shape instanceof Circle);
    assert.deepEqual(JSON.parse(JSON.stringify(Object.assign({}, config, { limits: [...config.limits] }))), {
      room: 'lobby',
      bannedWords: ['a', 'b'],
      muteFor: 90_000,
      steps: [1000, 120_000],
      maxSize: 10_240,
      rules: [
        { pattern: 'x', limit: { perDay: 5 } },
        { pattern: 'y', limit: { perDay: 1 } },
      ],
      limits: [['alice', { perDay: 7 }]],
      limit: { perDay: 3 },
      shape: { kind: 'circle', radius: 4 },
      labels: { constructor: 5, nested: { constructor: 6 } },
      shout: 'ABC',
      address: 'https://x/',
      loud: false,
      maxURLLength: 20,
    });
  });

  test('may be changed by parseConfig first, which may be asynchronous', async () => {
    const [merged, later] = await load('- { module: merges, config: { loud: yes } }\n- { module: later }');
    assert.ok(merged instanceof FilterConfig && later instanceof FilterConfig);
    assert.deepEqual([merged.room, merged.loud, later.room], ['merged', true, 'later']);
  });
});

const failed = (name: string, ...causes: string[]): string =>
  [`  Failed to parse config for module '${name}'`, ...causes].join(':\n');

const standing = ['    as the mapping stands, unless parseConfig changes it'] as const;

const faults: readonly { readonly title: string; readonly items: string; readonly problems: string }[] = [
  {
    title: 'an unknown key, in nested objects and lists too',
    items: '- module: filter\n  config: { room: x, banned_wodrs: [a], rules: [{ pattern: x, limit: { perday: 1 } }] }',
    problems: `3 problems.
vesicle.yaml:3:24: Error in configuration at 'modules.<item 0>.config.banned_wodrs':
${failed('filter', '    unknown key "banned_wodrs". Did you mean "banned_words"?')}
vesicle.yaml:3:72: Error in configuration at 'modules.<item 0>.config.rules.<item 0>.limit':
${failed('filter', '    "per_day" is missing. Add it: per_day must not be greater than 100; per_day must be an integer number.')}
vesicle.yaml:3:74: Error in configuration at 'modules.<item 0>.config.rules.<item 0>.limit.perday':
${failed('filter', '    unknown key "perday". Did you mean "per_day"?')}`,
  },
  {
    title: 'a property name in place of the key',
    items: '- { module: filter, config: { room: x, bannedWords: [a] } }',
    problems: `a problem.
vesicle.yaml:2:42: Error in configuration at 'modules.<item 0>.config.bannedWords':
${failed('filter', '    unknown key "bannedWords". Did you mean "banned_words"?')}`,
  },
  {
    title: 'keys that would reach into prototypes',
    items: '- { module: filter, config: { room: x, constructor: 1, __proto__: { loud: yes } } }',
    problems: `2 problems.
vesicle.yaml:2:42: Error in configuration at 'modules.<item 0>.config.constructor':
${failed('filter', '    unknown key "constructor". Remove it.')}
vesicle.yaml:2:58: Error in configuration at 'modules.<item 0>.config.__proto__':
  the key "__proto__" is not allowed. Rename it.`,
  },
  {
    title: 'a wrong type',
    items:
      '- module: filter\n  config: { room: 5, mute_for: 5x, max_size: 1.5, loud: 3, banned_words: casino, steps: [1s, x] }',
    problems: `6 problems.
vesicle.yaml:3:21: Error in configuration at 'modules.<item 0>.config.room':
${failed('filter', '    room must be a string, got 5.')}
vesicle.yaml:3:34: Error in configuration at 'modules.<item 0>.config.mute_for':
${failed('filter', '    expected a duration, got "5x". Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.')}
vesicle.yaml:3:48: Error in configuration at 'modules.<item 0>.config.max_size':
${failed('filter', '    expected a size, got 1.5. Write a whole number with K, M, G or T ("50M"), or bytes.')}
vesicle.yaml:3:59: Error in configuration at 'modules.<item 0>.config.loud':
${failed('filter', '    expected true or false, got 3. Write it without quotes.')}
vesicle.yaml:3:76: Error in configuration at 'modules.<item 0>.config.banned_words':
${failed('filter', '    expected a list, got a string. Write it as a list: [..., ...].')}
vesicle.yaml:3:96: Error in configuration at 'modules.<item 0>.config.steps.<item 1>':
${failed('filter', '    expected a duration, got "x". Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.')}`,
  },
  {
    title: 'a wrong type in nested objects and lists, and what they lack',
    items:
      '- module: filter\n  config:\n    room: x\n    banned_words: [a, 5, b, no]\n    rules: [{ pattern: x, limit: { per_day: 500 } }, { limit: 7 }, 5]\n    limit: { reason: 1 }\n    limits: { bob: { per_day: x } }\n    shape: { kind: square, radius: 3 }',
    problems: `11 problems.
vesicle.yaml:5:25: Error in configuration at 'modules.<item 0>.config.banned_words.<item 1>':
${failed('filter', '    each value in banned_words must be a string, got 5.')}
vesicle.yaml:5:31: Error in configuration at 'modules.<item 0>.config.banned_words.<item 3>':
${failed('filter', '    each value in banned_words must be a string, got false.')}
vesicle.yaml:6:47: Error in configuration at 'modules.<item 0>.config.rules.<item 0>.limit.per_day':
${failed('filter', '    per_day must not be greater than 100, got 500.')}
vesicle.yaml:6:56: Error in configuration at 'modules.<item 0>.config.rules.<item 1>':
${failed('filter', '    "pattern" is missing. Add it: pattern must be a string.')}
vesicle.yaml:6:65: Error in configuration at 'modules.<item 0>.config.rules.<item 1>.limit':
${failed('filter', '    expected a mapping, got 7. Write "key: value" lines below the key.')}
vesicle.yaml:6:70: Error in configuration at 'modules.<item 0>.config.rules.<item 2>':
${failed('filter', '    expected a mapping, got 5. Write "key: value" lines below the key.')}
vesicle.yaml:7:14: Error in configuration at 'modules.<item 0>.config.limit':
${failed('filter', '    "per_day" is missing. Add it: per_day must not be greater than 100; per_day must be an integer number.')}
vesicle.yaml:7:24: Error in configuration at 'modules.<item 0>.config.limit.reason':
${failed('filter', '    reason must be a string, got 1.')}
vesicle.yaml:8:33: Error in configuration at 'modules.<item 0>.config.limits.bob.per_day':
${failed('filter', '    per_day must not be greater than 100; per_day must be an integer number, got "x".')}
vesicle.yaml:9:14: Error in configuration at 'modules.<item 0>.config.shape':
${failed('filter', '    "side" is missing. Add it: side must be an integer number.')}
vesicle.yaml:9:30: Error in configuration at 'modules.<item 0>.config.shape.radius':
${failed('filter', '    unknown key "radius". Remove it.')}`,
  },
  {
    title: 'a required key that is missing, from a configuration and from none',
    items: '- { module: filter, config: { loud: no } }\n- module: filter',
    problems: `2 problems.
vesicle.yaml:2:31: Error in configuration at 'modules.<item 0>.config':
${failed('filter', '    "room" is missing. Add it: room must be a string.')}
vesicle.yaml:3:5: Error in configuration at 'modules.<item 1>.config':
${failed('filter', '    "room" is missing. Add it: room must be a string.')}`,
  },
  {
    title: 'a key without a value',
    items: '- module: filter\n  config:\n    room:\n    banned_words: [a]',
    problems: `a problem.
vesicle.yaml:4:12: Error in configuration at 'modules.<item 0>.config.room':
${failed('filter', '    room must be a string, got nothing.')}`,
  },
  {
    title: 'a configuration that is no mapping, for a class',
    items: '- { module: filter, config: text }\n- { module: filter, config: [1] }',
    problems: `2 problems.
vesicle.yaml:2:31: Error in configuration at 'modules.<item 0>.config':
${failed('filter', '    expected a mapping, got a string. Write "key: value" lines below "config:".')}
vesicle.yaml:3:31: Error in configuration at 'modules.<item 1>.config':
${failed('filter', '    expected a mapping, got a list. Write "key: value" lines below "config:".')}`,
  },
  {
    title: 'a list of nested objects whose class is not known',
    items: '- { module: untyped, config: { rules: [{ pattern: x }] } }',
    problems: `a problem.
vesicle.yaml:2:41: Error in configuration at 'modules.<item 0>.config.rules':
${failed('untyped', '    the class of "rules" is not known. Add @Type(() => ...) to it in UntypedListConfig.')}`,
  },
  {
    title: 'a @Transform that throws',
    items: '- { module: throwing, config: { place: x } }',
    problems: `a problem.
vesicle.yaml:2:42: Error in configuration at 'modules.<item 0>.config.place':
${failed('throwing', '    no such place')}`,
  },
  {
    title: 'parseConfig throws a ConfigError',
    items: '- { module: config_error, config: { a: 1 } }',
    problems: `a problem.
vesicle.yaml:2:37: Error in configuration at 'modules.<item 0>.config':
${failed('config_error', '    a is bad')}`,
  },
  {
    title: 'parseConfig throws a ConfigError with a path',
    items: '- module: config_error_path\n  config:\n    rules:\n      - pattern: a\n      - pattern: b',
    problems: `a problem.
vesicle.yaml:6:20: Error in configuration at 'modules.<item 0>.config.rules.<item 1>.pattern':
${failed('config_error_path', '    the pattern is bad')}`,
  },
  {
    title: 'parseConfig throws a ConfigError with a cause, about a place that is not in the file',
    items: '- module: config_error_cause\n  config: { sub: 5 }',
    problems: `a problem.
vesicle.yaml:3:20: Error in configuration at 'modules.<item 0>.config.sub.key':
${failed('config_error_cause', '    bad value', "      invalid literal for int(): 'x'")}`,
  },
  {
    title: 'parseConfig throws the error of a schema: it names no module, as in Synapse',
    items: '- module: schema\n  config: { rules: [a, { pattern: b }] }',
    problems: `a problem.
vesicle.yaml:3:37: Error in configuration at 'modules.<item 0>.config.rules.<item 1>.pattern':
  'x' is not of type 'integer'`,
  },
  {
    title: 'parseConfig throws anything else',
    items: '- module: other_error',
    problems: `a problem.
vesicle.yaml:2:5: Error in configuration at 'modules.<item 0>.config':
${failed('other_error', '    inner trouble')}`,
  },
  {
    title: 'parseConfig throws, and the class has more to say: of other keys, and of other modules',
    items:
      '- { module: config_error_and_class, config: { room: 5, loud: "no", rules: [7] } }\n- { module: other_error }\n- { module: text }',
    problems: `5 problems.
vesicle.yaml:2:55: Error in configuration at 'modules.<item 0>.config.room':
${failed('config_error_and_class', '    the room is bad')}
vesicle.yaml:2:64: Error in configuration at 'modules.<item 0>.config.loud':
${failed('config_error_and_class', ...standing, '      expected true or false, got "no". Write it without quotes.')}
vesicle.yaml:2:78: Error in configuration at 'modules.<item 0>.config.rules.<item 0>':
${failed('config_error_and_class', ...standing, '      expected a mapping, got 7. Write "key: value" lines below the key.')}
vesicle.yaml:3:5: Error in configuration at 'modules.<item 1>.config':
${failed('other_error', '    inner trouble')}
vesicle.yaml:4:5: Error in configuration at 'modules.<item 2>.config':
${failed('text', '    just a text')}`,
  },
  {
    title: 'secrets where something else is expected are not shown, plain words are',
    items:
      '- module: filter\n  config: { room: x, mute_for: "${env:PIN}", max_size: "a ${env:PIN}", loud: "${env:PIN}", max_url_length: x5 }',
    problems: `4 problems.
vesicle.yaml:3:34: Error in configuration at 'modules.<item 0>.config.mute_for':
${failed('filter', '    expected a duration, got "${env:PIN}". Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.')}
vesicle.yaml:3:58: Error in configuration at 'modules.<item 0>.config.max_size':
${failed('filter', '    expected a size, got "a ${env:PIN}". Write a whole number with K, M, G or T ("50M"), or bytes.')}
vesicle.yaml:3:80: Error in configuration at 'modules.<item 0>.config.loud':
${failed('filter', '    expected true or false, got "${env:PIN}". Write it without quotes.')}
vesicle.yaml:3:110: Error in configuration at 'modules.<item 0>.config.max_url_length':
${failed('filter', '    expected a number, got "x5". Write it without quotes.')}`,
  },
  {
    title: 'parseConfig throws a text',
    items: '- module: text',
    problems: `a problem.
vesicle.yaml:2:5: Error in configuration at 'modules.<item 0>.config':
${failed('text', '    just a text')}`,
  },
  {
    title: 'items that are no modules',
    items:
      '- filter\n-\n- { config: {} }\n- { module: 5 }\n- { modul: filter }\n- { module: raw, mode: loud, callbacks: { check_evnt_for_spam: { mode: off } } }',
    problems: `8 problems.
vesicle.yaml:2:5: Error in configuration at 'modules.<item 0>':
  expected a mapping, got a string. Write "- module: ./my-module.ts".
vesicle.yaml:3:4: Error in configuration at 'modules.<item 1>':
  expected a mapping, got nothing. Write "- module: ./my-module.ts".
vesicle.yaml:4:5: Error in configuration at 'modules.<item 2>.module':
  expected a string, the key "module" is missing. Write "module: ./my-module.ts".
vesicle.yaml:5:15: Error in configuration at 'modules.<item 3>.module':
  expected a string, got 5. Write "module: ./my-module.ts".
vesicle.yaml:6:5: Error in configuration at 'modules.<item 4>.module':
  expected a string, the key "module" is missing. Write "module: ./my-module.ts".
vesicle.yaml:6:7: Error in configuration at 'modules.<item 4>.modul':
  unknown key "modul". Did you mean "module"?
vesicle.yaml:7:26: Error in configuration at 'modules.<item 5>.mode':
  expected one of "enforce", "audit", "off", got "loud".
vesicle.yaml:7:45: Error in configuration at 'modules.<item 5>.callbacks.check_evnt_for_spam':
  there is no callback "check_evnt_for_spam". Did you mean "check_event_for_spam"?`,
  },
  {
    title: 'a class without @Module',
    items: '- module: not_decorated',
    problems: `a problem.
vesicle.yaml:2:13: Error in configuration at 'modules.<item 0>.module':
  the class NotDecorated is not a module. Mark it with @Module().`,
  },
];

describe("a module's configuration that is refused", () => {
  for (const { title, items, problems } of faults) {
    test(title, async () => {
      await assert.rejects(load(items), { message: `[CONFIG_INVALID] The configuration has ${problems}` });
    });
  }
});

describe('the order of parseConfig', () => {
  const run = async (items: string): Promise<readonly string[]> => {
    const log: string[] = [];
    const noting = (name: string, error?: Error): Class =>
      parsing((config) => {
        log.push(`${name} ${JSON.stringify(config)}`);
        if (error !== undefined) throw error;
        return config;
      });
    const configuration = Configuration.of({ modules: JSON.parse(items) as unknown });
    const known: Readonly<Record<string, Class>> = {
      A: noting('A'),
      B: noting('B'),
      Bad: noting('Bad', new ConfigError('no')),
      Raw,
      Filter,
    };
    const problems = await loadModules(configuration, { resolve: (name) => known[name] }).then(
      () => [],
      (error: unknown) => (error as Error).message.split('\n').filter((line) => line.startsWith('Error in')),
    );
    return [...log, ...problems];
  };

  test('is the order of the file', async () => {
    assert.deepEqual(await run('[{"module":"B","config":{"n":1}},{"module":"Raw"},{"module":"A"}]'), [
      'B {"n":1}',
      'A {}',
    ]);
  });

  test('goes on behind a fault, so that all are reported', async () => {
    assert.deepEqual(
      await run(
        '[{"module":"A"},{"module":"Bad"},{"module":"B"},5,{"module":"Filter"},{"module":"Bad","config":{"n":2}}]',
      ),
      [
        'A {}',
        'Bad {}',
        'B {}',
        'Bad {"n":2}',
        "Error in configuration at 'modules.<item 1>.config':",
        "Error in configuration at 'modules.<item 3>':",
        "Error in configuration at 'modules.<item 4>.config':",
        "Error in configuration at 'modules.<item 5>.config':",
      ],
    );
  });
});

test('an operator sets modes, timeouts and what failures mean', async () => {
  const yaml = `modules:
  - module: raw
    mode: off
    timeout: 2s
    on_failure: { local: deny }
    callbacks:
      user_may_invite: { mode: audit, on_failure: allow }
`;
  const [module] = await loadModules(Configuration.read(yaml), { resolve: (name) => classes[name] });
  assert.deepEqual(module?.policy, {
    mode: 'off',
    timeout: 2000,
    onFailure: { local: 'deny', federated: 'allow' },
    callbacks: { user_may_invite: { mode: 'audit', onFailure: 'allow' } },
  });
});

test('a number that is too large is refused alike from a file and from Synapse, in lists, mappings and sets', async () => {
  const config = { list: [2n ** 53n], sub: { key: 2n ** 64n }, set: new Set([2n ** 53n]) };
  const messageOf = async (configuration: Configuration): Promise<string> =>
    loadModules(configuration, { resolve: (name) => classes[name] }).then(
      () => '',
      (error: unknown) => (error as Error).message.replace(/^line \d+|^vesicle\.yaml:\d+:\d+: /gm, ''),
    );
  const yaml = `modules:
  - module: raw
    config:
      list: [${2n ** 53n}]
      sub: { key: ${2n ** 64n} }
      set: !!set { ${2n ** 53n} }`;
  const fromFile = await messageOf(Configuration.read(yaml, { file: 'vesicle.yaml' }));
  const fromSynapse = await messageOf(Configuration.withSecrets({ modules: [{ module: 'raw', config }] }));
  assert.match(
    fromFile,
    /config\.sub\.key':\n {2}the number 18446744073709551616 is too large to be exact\. Write it in quotes/,
  );
  assert.equal(fromSynapse, fromFile);
});
