import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderWith, runCli } from '../support/vesicle-cli.js';

const greeter = `
import { Callback, Module, NOT_SPAM, type SpamVerdict, WebResource } from 'vesicle';

@Module()
export class Greeter {
  @Callback('spam_checker', 'user_may_create_room', { mode: 'audit' })
  async mayCreate(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }

  @WebResource('/_synapse/client/greeter')
  async hello(_request: Request): Promise<Response> {
    return Response.json({ hello: 'world' });
  }
}
`;

const thrower = `
import { Module } from 'vesicle';

@Module()
export class Thrower {
  constructor() {
    throw new Error('no connection');
  }
}
`;

test('check lists what each module registers', async (t) => {
  const folder = await folderWith(t, { 'greeter.ts': greeter, 'vesicle.yaml': 'modules: [{ module: ./greeter.ts }]' });
  const { code, out, error } = await runCli(t, folder, ['check']);
  assert.equal(error, '');
  assert.equal(code, 0);
  assert.match(out, /^vesicle\.yaml is right\./);
  assert.match(out, /Greeter {2}callback {6}spam_checker\.user_may_create_room \[audit\]/);
  assert.match(out, /web resource {2}\/_synapse\/client\/greeter\n/);
});

test('check --json gives the same to machines', async (t) => {
  const folder = await folderWith(t, { 'greeter.ts': greeter, 'vesicle.yaml': 'modules: [{ module: ./greeter.ts }]' });
  const { code, out } = await runCli(t, folder, ['check', '--json']);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), {
    ok: true,
    file: 'vesicle.yaml',
    modules: [
      {
        module: 'Greeter',
        callbacks: ['spam_checker.user_may_create_room [audit]'],
        webResources: ['/_synapse/client/greeter'],
      },
    ],
  });
});

for (const [what, yaml, problem] of [
  ['a fault in the YAML', 'server_name: [', /^\[CONFIG_INVALID\] .*\n?.*vesicle\.yaml:1:/],
  ['an unknown key', 'server_nmae: x', /vesicle\.yaml:1:1: .*'server_nmae'[\s\S]*server_name/],
  [
    'a module file that is missing',
    'modules: [{ module: ./nothing.ts }]',
    /modules\.<item 0>\.module[\s\S]*nothing\.ts/,
  ],
  [
    'a constructor that throws',
    'modules: [{ module: ./thrower.ts }]',
    /KERNEL_CONSTRUCTOR_FAILED.*Thrower.*no connection/,
  ],
] as const) {
  test(`check says where ${what} is, without a stack, and exits with 1`, async (t) => {
    const folder = await folderWith(t, { 'thrower.ts': thrower, 'vesicle.yaml': yaml });
    const { code, out, error } = await runCli(t, folder, ['check']);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(error, problem);
    assert.doesNotMatch(error, /\n\s+at /);
    const json = await runCli(t, folder, ['check', '--json']);
    assert.equal(json.code, 1);
    const result = JSON.parse(json.out) as { readonly ok: boolean; readonly error: string };
    assert.equal(result.ok, false);
    assert.match(result.error, problem);
  });
}
