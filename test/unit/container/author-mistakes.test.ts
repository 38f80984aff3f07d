import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Configuration } from '../../../src/config/configuration.js';
import { openModules } from '../../../src/container/running-modules.js';
import { loadModules } from '../../../src/loader/module-source.js';
import { TestModuleHost } from '../../support/module-host.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A module in a file, and what its author is told. */
const mistakes: readonly (readonly [title: string, text: string, message: RegExp])[] = [
  [
    'a callback in the wrong category',
    `import { Callback, Module } from 'vesicle';
@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_allowed' as never)
  async check(): Promise<never> { throw new Error(); }
}`,
    /Guard\.check: spam_checker has no callback "check_event_allowed"\. It is one of third_party_rules: write 'third_party_rules', 'check_event_allowed'\. \(FOLDER\/guard\.ts:5\)$/,
  ],
  [
    'a callback that is misspelt',
    `import { Callback, Module } from 'vesicle';
class Other { check() {} }
@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_for_spm' as never) async check(): Promise<never> { throw new Error(); }
}`,
    /Did you mean "check_event_for_spam"\? \(FOLDER\/guard\.ts:5\)$/,
  ],
  [
    'an arrow function',
    `import { Callback, Module } from 'vesicle';
@Module()
export class Guard {
  @(Callback('spam_checker', 'check_event_for_spam') as any)
  check = async () => 'NOT_SPAM';
}`,
    /Guard\.check: the callback .* is a property, which only instances have \(as arrow functions are\), not a function\. Give a method or an async function\. \(FOLDER\/guard\.ts:5\)$/,
  ],
  [
    'a decorator on a # member',
    `import { Callback, Module } from 'vesicle';
@Module()
export class Guard {
  @(Callback('spam_checker', 'check_event_for_spam') as any)
  async #check() { return 'NOT_SPAM'; }
}`,
    /Guard: @Callback\('spam_checker', 'check_event_for_spam'\) stands on a member whose name begins with "#".* Write "private"/,
  ],
  [
    'a web resource at a path of Synapse',
    `import { Module, WebResource } from 'vesicle';
@Module()
export class Guard {
  @WebResource('/_matrix/client/versions')
  async page(request: Request): Promise<Response> { return new Response(); }
}`,
    /Guard\.page: the web path .* is refused.* \(FOLDER\/guard\.ts:5\)$/,
  ],
  [
    'a constructor that throws deep inside',
    `import { Module } from 'vesicle';
const connect = (): never => { throw new RangeError('no connection'); };
@Module()
export class Guard {
  constructor() { connect(); }
}`,
    /Guard .* its constructor threw: RangeError: no connection \(FOLDER\/guard\.ts:2:38\)$/,
  ],
  [
    '@postConstruct that fails later',
    `import { Module, postConstruct } from 'vesicle';
@Module()
export class Guard {
  @postConstruct()
  async start(): Promise<void> {
    await new Promise(setImmediate);
    (undefined as any).open();
  }
}`,
    /a method with @postConstruct failed: TypeError: .*undefined.* \(FOLDER\/guard\.ts:7:24\)$/,
  ],
];

for (const [title, text, message] of mistakes) {
  test(`${title} is said with file, line and remedy`, async (t) => {
    const folder = await temporaryFolder(t, { 'guard.ts': text });
    const configuration = Configuration.of({ modules: [{ module: './guard.ts' }] }, { directory: folder });
    const modules = await loadModules(configuration);
    await assert.rejects(openModules(modules, new TestModuleHost()), (error: Error) => {
      assert.match(error.message.replaceAll(folder, 'FOLDER'), message);
      return true;
    });
  });
}

const esDecorate = `
import { IsString } from 'class-validator';
import { Module } from 'vesicle';
var __esDecorate = function (ctor, target, decorators, context) {
  for (const decorator of decorators) decorator(ctor ? undefined : target, context);
};
class Config {}
__esDecorate(null, undefined, [IsString()], { kind: 'field', name: 'word', metadata: {} });
export class Guard {}
`;

test('a decorator of a library that was compiled the standard way is said to be that', async (t) => {
  const folder = await temporaryFolder(t, { 'guard.mjs': esDecorate });
  const loading = loadModules(Configuration.of({ modules: [{ module: './guard.mjs' }] }, { directory: folder }));
  await assert.rejects(loading, (error: Error) => {
    assert.match(
      error.message,
      /A decorator was compiled as a standard \(stage 3\) decorator.*"experimentalDecorators"/,
    );
    assert.ok(error.message.includes(`${join(folder, 'guard.mjs')}:`));
    return true;
  });
});
