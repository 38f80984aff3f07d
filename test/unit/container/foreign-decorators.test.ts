import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { ByteSize } from '../../../src/decorators/byte-size.js';
import { Cached } from '../../../src/decorators/cached.js';
import { Callback } from '../../../src/decorators/callback.js';
import { Duration } from '../../../src/decorators/duration.js';
import { Module } from '../../../src/decorators/module.js';
import { WebResource } from '../../../src/decorators/web-resource.js';
import { inProject } from '../../support/project.js';

/** A decorator as a compiler of standard decorators calls it: with the value and a context. */
type StandardDecorator = (value: unknown, context: Readonly<Record<string, unknown>>) => unknown;

const kinds = ['class', 'method', 'field', 'accessor', 'getter'] as const;

const decorators: Readonly<Record<string, unknown>> = {
  '@Module': Module(),
  '@Callback': Callback('spam_checker', 'user_may_join_room'),
  '@WebResource': WebResource('/_synapse/client/words'),
  '@Duration': Duration(),
  '@ByteSize': ByteSize(),
  '@Cached': Cached(),
};

function contextOf(kind: string, name: string | symbol | undefined): Readonly<Record<string, unknown>> {
  const ofMember = { static: false, private: false, access: {} };
  return { kind, name, metadata: {}, addInitializer: () => undefined, ...(kind !== 'class' && ofMember) };
}

/** Compiles a text with standard decorators and imports it. */
async function importStandard(t: TestContext, decoratorFile: string, text: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-standard-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const from = pathToFileURL(inProject(`dist/src/decorators/${decoratorFile}`)).href;
  const { outputText } = ts.transpileModule(text.replace('DECORATOR', from), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: false,
    },
  });
  const file = join(folder, 'guard.mjs');
  await writeFile(file, outputText);
  return import(pathToFileURL(file).href);
}

describe('a decorator that a standard compiler calls', () => {
  for (const [title, decorator] of Object.entries(decorators)) {
    for (const kind of kinds) {
      it(`${title} on a ${kind} is refused, with the remedy`, () => {
        assert.throws(
          () => {
            (decorator as StandardDecorator)(class Guard {}, contextOf(kind, 'guard'));
          },
          {
            code: 'DECORATOR_STANDARD',
            message: new RegExp(`${title} on guard was compiled .*"experimentalDecorators"`),
          },
        );
      });
    }
  }

  it('is named without its place where the class has no name', () => {
    assert.throws(
      () => {
        (Module() as StandardDecorator)(class {}, contextOf('class', undefined));
      },
      { code: 'DECORATOR_STANDARD', message: /\] @Module was compiled/ },
    );
  });

  it('names a member that is a symbol', () => {
    assert.throws(
      () => {
        (decorators['@Callback'] as StandardDecorator)(async () => undefined, contextOf('method', Symbol('check')));
      },
      { code: 'DECORATOR_STANDARD', message: /@Callback on Symbol\(check\) was compiled/ },
    );
  });

  it("is not taken for one of TypeScript's own on a member that is called kind", () => {
    class Guard {
      async kind(): Promise<string> {
        return 'spam';
      }
    }
    Cached()(Guard.prototype, 'kind', {});
    Module()(Guard);
  });
});

describe('a file that was compiled with standard decorators', () => {
  const texts: Readonly<Record<string, readonly [file: string, text: string]>> = {
    '@Module': ['module.js', `import { Module } from 'DECORATOR';\n@Module()\nexport class Guard {}`],
    '@Callback': [
      'callback.js',
      `import { Callback } from 'DECORATOR';
      export class Guard {
        @Callback('spam_checker', 'user_may_join_room')
        async mayJoin(): Promise<string> { return 'NOT_SPAM'; }
      }`,
    ],
    '@WebResource': [
      'web-resource.js',
      `import { WebResource } from 'DECORATOR';
      export class Guard {
        @WebResource('/_synapse/client/x') readonly app = { fetch: async () => new Response() };
      }`,
    ],
    '@Duration': [
      'duration.js',
      `import { Duration } from 'DECORATOR';\nexport class Config { @Duration() muteFor = 5; }`,
    ],
    '@ByteSize': [
      'byte-size.js',
      `import { ByteSize } from 'DECORATOR';\nexport class Config { @ByteSize() accessor limit = 5; }`,
    ],
    '@Cached': [
      'cached.js',
      `import { Cached } from 'DECORATOR';\nexport class Guard { @Cached() async score() { return 1; } }`,
    ],
  };

  for (const [title, [file, text]] of Object.entries(texts)) {
    it(`cannot be loaded with ${title}`, async (t) => {
      await assert.rejects(importStandard(t, file, text), {
        code: 'DECORATOR_STANDARD',
        message: new RegExp(`^\\[DECORATOR_STANDARD\\] ${title} on \\w+ .*"experimentalDecorators"`),
      });
    });
  }
});
