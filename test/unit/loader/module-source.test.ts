import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { Configuration } from '../../../src/config/configuration.js';
import { loadModules, type SourcedModule } from '../../../src/loader/module-source.js';
import { readModuleOptions } from '../../../src/metadata/module-options.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const directory = resolve('test/fixtures/modules');

async function load(names: readonly string[], folder = directory, isFresh = false): Promise<readonly SourcedModule[]> {
  const yaml = `modules:\n${names.map((name) => `  - module: ${JSON.stringify(name)}\n`).join('')}`;
  return loadModules(Configuration.read(yaml, { file: 'vesicle.yaml', directory: folder }), { isFresh });
}

async function loadOne(name: string, folder?: string, isFresh?: boolean): Promise<SourcedModule> {
  const [module] = await load([name], folder, isFresh);
  assert.ok(module !== undefined);
  return module;
}

describe('a module is found', () => {
  const found: readonly (readonly [name: string, className: string])[] = [
    ['./preferred.ts', 'Preferred'],
    ['./preferred.ts#Other', 'Other'],
    ['./several.ts#NoImages', 'NoImages'],
    ['./typescript.mts', 'Times'],
    ['./plain-javascript.js', 'Script'],
    [join(directory, 'preferred.ts'), 'Preferred'],
  ];
  for (const [name, className] of found) {
    test(`as ${className} of ${name.replace(directory, '')}`, async () => {
      const module = await loadOne(name);
      assert.equal(module.type.name, className);
      assert.equal(module.name, name);
      assert.equal(module.at, 'vesicle.yaml:2:5');
    });
  }

  test('in a package, which may have a name with a scope and export conditions', async (t) => {
    const folder = await temporaryFolder(t, {
      'node_modules/@scope/guards/package.json': '{"type":"module","exports":{".":{"import":"./main.js"}}}',
      'node_modules/@scope/guards/main.js':
        "import { Module } from 'vesicle';\nexport class Guard {}\nModule()(Guard);\nexport class Other {}\nModule()(Other);\n",
    });
    assert.equal((await loadOne('@scope/guards#Guard', folder)).type.name, 'Guard');
  });
});

describe('a module in CommonJS', () => {
  const guard = `
const { Codes, injectable, Module } = require('vesicle');
const { IsInt, IsOptional, ValidateNested } = require('class-validator');
const { Type } = require('class-transformer');
const inversify = require('inversify');
const helper = require('./helper.cjs');
class Part {}
IsInt()(Part.prototype, 'size');
class GuardConfig {}
IsOptional()(GuardConfig.prototype, 'part');
ValidateNested()(GuardConfig.prototype, 'part');
Type(() => Part)(GuardConfig.prototype, 'part');
class Guard {}
Guard.isOne = helper.Codes === Codes && inversify.injectable === injectable && helper.typed.codes === Codes;
Guard.word = helper.word;
Module({ config: GuardConfig })(Guard);
exports.Guard = Guard;
`;
  const files = {
    'guard.cjs': guard,
    'guard.mjs':
      "import { createRequire } from 'node:module';\nexport const { Guard } = createRequire(import.meta.url)('./guard.cjs');\n",
    'named.mjs': "import { Guard } from './guard.cjs';\nexport { Guard };\n",
    'helper.cjs':
      "exports.Codes = require('vesicle').Codes;\nexports.typed = require('./typed.ts');\nexports.word = require('./word.cjs');\n",
    'typed.ts': "import { Codes } from 'vesicle';\nexport const codes: typeof Codes = Codes;\n",
    'word.cjs': "module.exports = 'one';\n",
  };
  for (const name of ['./guard.cjs', './guard.mjs', './named.mjs']) {
    test(`shares this package and its libraries with all others, as ${name}`, async (t) => {
      const folder = await temporaryFolder(t, files);
      const module = await loadOne(name, folder);
      const found = module.type as { readonly isOne?: unknown; readonly word?: unknown };
      assert.equal(found.isOne, true);
      assert.equal(found.word, 'one');
      const yaml = `modules: [{ module: ${name}, config: { part: { size: x } } }]`;
      await assert.rejects(
        loadModules(Configuration.read(yaml, { directory: folder })),
        /config\.part\.size.*\n[^]*size must be an integer/,
      );
    });

    test(`is read again when asked for, with what it requires, as ${name}`, async (t) => {
      const folder = await temporaryFolder(t, files);
      const wordOf = async (isFresh: boolean): Promise<unknown> =>
        ((await loadOne(name, folder, isFresh)).type as { readonly word?: unknown }).word;
      assert.equal(await wordOf(false), 'one');
      await writeFile(join(folder, 'word.cjs'), "module.exports = 'two';\n");
      assert.equal(await wordOf(false), 'one');
      for (const _again of [1, 2]) {
        assert.equal(await wordOf(true), 'two');
        const { files: read } = await loadOne(name, folder, true);
        assert.deepEqual(
          read.map((file) => file.replace(`${folder}/`, '')),
          [...(name === './guard.cjs' ? [] : [name.slice(2)]), 'guard.cjs', 'helper.cjs', 'typed.ts', 'word.cjs'],
        );
      }
    });
  }
});

test('a module file in TypeScript may import by the aliases of its tsconfig.json', async (t) => {
  const folder = await temporaryFolder(t, {
    'base.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "words": ["./lib/words.ts"] } } }',
    'modules/tsconfig.json': '{ // As tsc takes it.\n  "extends": "../base.json",\n}',
    'modules/guard.ts': `import { Module } from 'vesicle';
import { join } from 'node:path';
import { one } from '@lib/one.js';
import { two } from '@lib/two';
import { three } from 'words';
@Module()
export class Guard { static words = [one, two, three, typeof join]; }
`,
    'lib/one.ts': "export const one: string = 'one';\n",
    'lib/two/index.ts': "export const two: string = 'two';\n",
    'lib/words.ts': "import { one } from './one.js';\nexport const three: string = `${one} and two`;\n",
  });
  const module = await loadOne('./modules/guard.ts', folder);
  assert.deepEqual((module.type as { readonly words?: unknown }).words, ['one', 'two', 'one and two', 'function']);
  assert.deepEqual(
    module.files.map((file) => file.replace(`${folder}/`, '')),
    ['modules/guard.ts', 'lib/one.ts', 'lib/two/index.ts', 'lib/words.ts'],
  );
});

describe('a module file in TypeScript', () => {
  test('has the constructor types that injection needs; a type-only import leaves none', async () => {
    const { type } = await loadOne('./typescript.mts');
    const types = Reflect.getOwnMetadata('design:paramtypes', type) as readonly { readonly name: string }[];
    assert.deepEqual(
      types.map(({ name }) => name),
      ['TimesConfig', 'Logger', 'Object'],
    );
    assert.equal(readModuleOptions(type)?.config?.name, 'TimesConfig');
  });

  test('shows its own lines and columns in stack traces', async () => {
    const { type, config } = await loadOne('./typescript.mts');
    const module = new type(config) as { readonly colour: number; readonly fail: (given: undefined) => never };
    assert.equal(module.colour, 1);
    assert.throws(
      () => module.fail(undefined),
      (error) => {
        assert.ok(error instanceof Error);
        assert.equal(error.message, 'after 60000 undefined');
        assert.match(error.stack ?? '', new RegExp(`at Times\\.fail \\(${join(directory, 'typescript.mts')}:21:11\\)`));
        return true;
      },
    );
  });

  test('tells which files it consists of, packages left out', async () => {
    const { files } = await loadOne('./typescript.mts', directory, true);
    assert.deepEqual(files, [join(directory, 'typescript.mts'), join(directory, 'typescript-parts.ts')]);
  });

  test('tells the files of each module that shares some with another', async (t) => {
    const module = "import { Module } from 'vesicle';\nimport './shared.js';\n@Module()\nexport class M {}\n";
    const shared =
      "import type { Loop } from './loop.js';\nimport './loop.js';\nexport const loop: Loop | undefined = undefined;\n";
    const loop = "import './shared.js';\nexport interface Loop {}\n";
    const folder = await temporaryFolder(t, { 'a.ts': module, 'b.ts': module, 'shared.ts': shared, 'loop.ts': loop });
    for (const isFresh of [false, true]) {
      const loaded = await load(['./a.ts', './b.ts', './a.ts'], folder, isFresh);
      assert.deepEqual(
        loaded.map(({ files }) => files.map((file) => file.slice(folder.length + 1))),
        [
          ['a.ts', 'shared.ts', 'loop.ts'],
          ['b.ts', 'shared.ts', 'loop.ts'],
          ['a.ts', 'shared.ts', 'loop.ts'],
        ],
      );
    }
  });

  test('is read again when asked for, with what it imports', async (t) => {
    const folder = await temporaryFolder(t, {
      'module.ts':
        "import { Module } from 'vesicle';\nimport { word } from './word.js';\n@Module()\nexport class M { static word = word; }\n",
      'word.ts': "export const word: string = 'one';\n",
    });
    const wordOf = async (isFresh: boolean): Promise<unknown> =>
      ((await loadOne('./module.ts', folder, isFresh)).type as { readonly word?: unknown }).word;
    assert.equal(await wordOf(false), 'one');
    await writeFile(join(folder, 'word.ts'), "export const word: string = 'two';\n");
    assert.equal(await wordOf(false), 'one');
    assert.equal(await wordOf(true), 'two');
    const fresh = await loadOne('./module.ts', folder, true);
    assert.deepEqual(readModuleOptions(fresh.type), {});
  });

  test('needs no packages of its own for the decorators', async (t) => {
    const folder = await temporaryFolder(t, {
      'module.ts': `import { IsString } from 'class-validator';
import { Type } from 'class-transformer';
import { Module } from 'vesicle';
class Part { @IsString() name!: string; }
class Config { @IsString({ each: true }) words: string[] = []; @Type(() => Part) parts: Part[] = []; }
@Module({ config: Config })
export class M { static Part = Part; }
`,
    });
    const yaml = 'modules: [{ module: ./module.ts, config: { words: [a], parts: [{ name: b }] } }]';
    const [module] = await loadModules(Configuration.read(yaml, { directory: folder }));
    assert.deepEqual(
      { ...(module?.config as object) },
      { words: ['a'], parts: [{ name: 'b' }].map((part) => Object.assign(new (partOf(module))(), part)) },
    );
  });
});

function partOf(module: SourcedModule | undefined): new () => object {
  return (module?.type as unknown as { readonly Part: new () => object }).Part;
}

const faults: readonly { readonly title: string; readonly name: string; readonly causes: string }[] = [
  {
    title: 'a file that is missing',
    name: './fliter.ts',
    causes: '  there is no file DIR/fliter.ts. Did you mean "./filter.ts"?',
  },
  {
    title: 'a file in a folder that is missing',
    name: './nowhere/filter.ts',
    causes: '  there is no file DIR/nowhere/filter.ts. Correct the path: relative ones start at DIR.',
  },
  { title: 'a folder', name: './broken', causes: '  DIR/broken is a folder. Name the file in it.' },
  {
    title: 'a package that is missing',
    name: 'no-such-package',
    causes:
      '  there is no package "no-such-package" to be found from DIR. Install it with "npm install no-such-package", or write "./..." for a file.',
  },
  ...[
    'no_such_package.Thing',
    'package.module.Class',
    'synapse_http_antispam.HTTPAntispam',
    'synapse_auto_invite.module',
    'filter.py',
    'módulo.filtro',
  ].map((name) => ({
    title: `a Python module, ${name}`,
    name,
    causes: `  "${name}" looks like a Python module, which runs in Synapse only. Write "./..." for a TypeScript file, or leave it out here.`,
  })),
  ...['my.module', 'a.b.c', 'antispam.filter2', 'nosuch.io'].map((name) => ({
    title: `a name that may be of Python or of npm, ${name}`,
    name,
    causes: `  there is no package "${name}" to be found from DIR. If it is a Python module, leave it out here: those run in Synapse only. If it is a package of npm, install it with "npm install ${name}". Write "./..." for a file.`,
  })),
  {
    title: 'the bridge',
    name: 'vesicle_bridge.VesicleBridge',
    causes:
      '  "vesicle_bridge.VesicleBridge" looks like a Python module: it is the bridge, which runs in Synapse only. List the modules below its "config:" here instead.',
  },
  ...['no-such.io', 'nosuch/my.module', '@no/such.Thing', 'no-such-thing.js'].map((name) => ({
    title: `a package with a dot, ${name}`,
    name,
    causes: `  there is no package "${name}" to be found from DIR. Install it with "npm install ${name}", or write "./..." for a file.`,
  })),
  {
    title: 'a device',
    name: '/dev/zero',
    causes: '  /dev/zero is a device or a pipe. Name a file.',
  },
  {
    title: 'a file that is written like a package',
    name: 'filter.ts',
    causes: '  there is no package "filter.ts" to be found from DIR. Write "./filter.ts" for the file.',
  },
  {
    title: 'an export that is missing, with and without a near name',
    name: './several.ts#NoLink',
    causes: '  ./several.ts has no export "NoLink". Did you mean "NoLinks"?',
  },
  {
    title: 'an export that is missing',
    name: './several.ts#CompletelyDifferent',
    causes: '  ./several.ts has no export "CompletelyDifferent". Its exports are: NoImages, NoLinks, Plain, word.',
  },
  {
    title: 'an ambiguous file',
    name: './several.ts',
    causes:
      '  ./several.ts exports several modules: NoImages, NoLinks. Write "./several.ts#NoImages" or another of them.',
  },
  {
    title: 'a named class without @Module',
    name: './several.ts#Plain',
    causes: '  the class Plain is not a module. Mark it with @Module().',
  },
  {
    title: 'a named export that is no class',
    name: './several.ts#word',
    causes: '  "word" is not a class. Export a class with @Module().',
  },
  {
    title: 'the only class without @Module',
    name: './plain.ts',
    causes: '  ./plain.ts exports no module. Mark Plain with @Module().',
  },
  {
    title: 'a file without a class',
    name: './nothing.ts',
    causes: '  ./nothing.ts exports no module. Export a class with @Module().',
  },
  {
    title: 'a parseConfig that is not static',
    name: './instance-parse-config.ts',
    causes: '  parseConfig of Strict is called before there is an instance. Write "static parseConfig".',
  },
  {
    title: 'a syntax error in TypeScript',
    name: './broken/syntax.ts',
    causes: '  cannot load ./broken/syntax.ts:\n    DIR/broken/syntax.ts:4:1: Expected `,` or `)` but found `}`.',
  },
  {
    title: 'a syntax error in JavaScript',
    name: './broken/javascript-syntax.js',
    causes:
      '  cannot load ./broken/javascript-syntax.js:\n    DIR/broken/javascript-syntax.js:3:1: Expected `}` but found `EOF`.',
  },
  {
    title: 'a file that throws',
    name: './broken/throws.ts',
    causes: '  cannot load ./broken/throws.ts:\n    DIR/broken/throws.ts:4:41: RangeError: no limit day',
  },
  {
    title: 'a type that is imported as a value',
    name: './broken/type-as-value.ts',
    causes:
      "  cannot load ./broken/type-as-value.ts:\n    DIR/broken/type-as-value.ts:1: The requested module 'vesicle' does not provide an export named 'MatrixEvent'. If it is a type, write \"import { type MatrixEvent }\".",
  },
  {
    title: 'an import of a file that is missing',
    name: './broken/missing-import.ts',
    causes:
      "  cannot load ./broken/missing-import.ts:\n    Cannot find module 'DIR/broken/nowhere.js' imported from DIR/broken/missing-import.ts",
  },
  {
    title: 'an import of a package that is missing',
    name: './broken/missing-package.ts',
    causes:
      "  cannot load ./broken/missing-package.ts:\n    Cannot find package 'there-is-no-such-package' imported from DIR/broken/missing-package.ts",
  },
];

describe('a module that is not found', () => {
  for (const { title, name, causes } of faults) {
    test(title, async () => {
      await assert.rejects(load([name]), {
        message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:13: Error in configuration at 'modules.<item 0>.module':
${causes.replaceAll('DIR', directory)}`,
      });
    });
  }

  test('keeps what was thrown as the cause', async () => {
    await assert.rejects(load(['./broken/throws.ts']), (error: Error) => error.cause instanceof RangeError);
  });
});
