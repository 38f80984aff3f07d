import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
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

test('check reads regular files up to a limit only, of itself and for secrets', async (t) => {
  const folder = await folderWith(t, {
    'large.yaml': `# ${'x'.repeat(4_194_304)}`,
    'secret.yaml': 'registration_shared_secret: ${file:pipe}',
  });
  await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
  for (const [file, problem] of [
    ['/dev/zero', /^\[CLI_FILE_UNREADABLE\] .*: it is a device or a pipe/],
    ['pipe', /^\[CLI_FILE_UNREADABLE\] .*: it is a device or a pipe/],
    ['.', /^\[CLI_FILE_UNREADABLE\] .*: it is a directory/],
    ['large.yaml', /^\[CLI_FILE_UNREADABLE\] .*: it is larger than 4194304 bytes/],
    ['secret.yaml', /secret\.yaml:1:29: [^]*"pipe": it is a device or a pipe/],
  ] as const) {
    const { code, error } = await runCli(t, folder, ['check', file]);
    assert.equal(code, 1);
    assert.match(error, problem);
  }
});

const strict = `
import { Callback, Module, NOT_SPAM, type SpamVerdict } from 'vesicle';
import { IsInt } from 'class-validator';

class StrictConfig {
  @IsInt() limit!: number;
}

@Module({ config: StrictConfig })
export class Strict {
  constructor(private readonly config: StrictConfig) {}

  @Callback('spam_checker', 'user_may_create_room')
  async mayCreate(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}
`;

/** A homeserver.yaml as Synapse reads it, with settings and modules that only Synapse knows. */
const homeserver = (bridge: string): string => `
server_name: example.org
pid_file: /homeserver.pid
setting_of_tomorrow: "\${env:NOBODY_SET_IT}"
database: { name: psycopg2, args: { database: synapse } }
modules:
  - module: synapse_http_antispam.HTTPAntispam
    config: { base_url: "\${file:/nowhere}" }
  - module: vesicle_bridge.VesicleBridge
${bridge}`;

test('check finds the bridge in a homeserver.yaml and starts its modules, and leaves the rest to Synapse', async (t) => {
  const yaml = homeserver(`    config:
      connect: unix:/run/vesicle/modules.sock
      connect_timeout: 5s
      modules:
        - module: ./modules/strict.ts
          mode: audit
          config: { limit: 3 }
`);
  const folder = await folderWith(t, { 'homeserver.yaml': yaml });
  await mkdir(join(folder, 'modules'));
  await writeFile(join(folder, 'modules/strict.ts'), strict);
  const { code, out, error } = await runCli(t, folder, ['check', 'homeserver.yaml']);
  assert.equal(error, '');
  assert.equal(code, 0);
  assert.match(out, /^The bridge in homeserver\.yaml is right\./);
  assert.match(out, /Strict {2}callback {3}spam_checker\.user_may_create_room \[audit\]/);
  const elsewhere = yaml.replace('./modules/strict.ts', './strict.ts');
  await writeFile(join(folder, 'homeserver.yaml'), elsewhere);
  assert.equal((await runCli(t, folder, ['check', 'homeserver.yaml', '--directory', 'modules'])).code, 0);
  const spawned = elsewhere.replace(/connect: .*/, 'spawn: [npx, vesicle, host, --stdio, --directory, ./modules]');
  await writeFile(join(folder, 'homeserver.yaml'), spawned);
  assert.equal((await runCli(t, folder, ['check', 'homeserver.yaml'])).code, 0);
});

for (const [what, bridge, problems] of [
  [
    'the configuration of a module and an address that are wrong',
    `    config:
      connect: /run/vesicle/modules.sock
      modules: [{ module: ./strict.ts, config: { limit: many } }]`,
    [
      /homeserver\.yaml:11:16: Error in configuration at 'modules\.<item 1>\.config\.connect':\n {2}expected an address/,
      /homeserver\.yaml:12:57: Error in configuration at 'modules\.<item 1>\.config\.modules\.<item 0>\.config\.limit'/,
    ],
  ],
  [
    'a key that is misspelt, and none that says where the host is',
    `    config:
      conect: unix:x
      modules: []`,
    [
      /11:7: .*config\.conect':\n {2}unknown key "conect"\. Did you mean "connect"\?/,
      /give either "connect" .* or "spawn"/,
    ],
  ],
  [
    'modules that are indented too little',
    `    config:
      spawn: [npx, vesicle, host, --stdio]
    modules: [{ module: ./strict.ts }]`,
    [/"modules" is missing/, /12:5: .*<item 1>\.modules':\n {2}Synapse does not look at this key\. Indent it/],
  ],
  ['an entry without a configuration', '', [/<item 1>\.config':\n {2}expected a mapping\. Write "connect:"/]],
] as const) {
  test(`check of a homeserver.yaml says where the bridge has ${what}`, async (t) => {
    const folder = await folderWith(t, { 'strict.ts': strict, 'homeserver.yaml': homeserver(bridge) });
    const { code, out, error } = await runCli(t, folder, ['check', 'homeserver.yaml']);
    assert.equal(code, 1);
    assert.equal(out, '');
    for (const problem of problems) assert.match(error, problem);
    assert.doesNotMatch(error, /npm install|NOBODY_SET_IT|nowhere|setting_of_tomorrow/);
  });
}

test('--directory is refused where it does nothing', async (t) => {
  const folder = await folderWith(t, { 'vesicle.yaml': 'modules: []' });
  const { code, error } = await runCli(t, folder, ['check', '--directory', 'modules']);
  assert.equal(code, 1);
  assert.match(error, /CLI_DIRECTORY_UNUSED.*vesicle\.yaml.*Leave the option out/);
});
