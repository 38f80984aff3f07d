import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FakeBridge } from '../support/fake-bridge.js';
import { installWithout, type Installation, packageDescription } from '../support/installation.js';
import { inProject } from '../support/project.js';
import { startCli } from '../support/vesicle-cli.js';

const configuration = `
listeners: [{ port: 0 }]
dynamic_thumbnails: true
email: { smtp_host: 127.0.0.1, smtp_port: 1, notif_from: hs@localhost }
modules:
  - module: ./porter.ts
`;

/** Uses what two of the packages are for. */
const porter = `
import { Module, ModuleApi, WebResource } from 'vesicle';

@Module()
export class Porter {
  constructor(private readonly api: ModuleApi) {}

  @WebResource('/_synapse/client/mail')
  async mail(_request: Request): Promise<Response> {
    return this.tell(this.api.sendMail('alice@example.org', 'Hello', '<p>Hello</p>', 'Hello'));
  }

  @WebResource('/_synapse/client/templates')
  async templates(_request: Request): Promise<Response> {
    return this.tell(this.api.readTemplates(['notice_expiry.html']));
  }

  private async tell(work: Promise<unknown>): Promise<Response> {
    return Response.json({ said: await work.then(() => 'nothing', (error: Error) => error.message) });
  }
}
`;

/** A module as tsc leaves it. */
const compiled = `
import { Callback, Module } from 'vesicle';

export class Strict {
  async mayDeactivate() {
    return false;
  }
}
const { prototype } = Strict;
const descriptor = Object.getOwnPropertyDescriptor(prototype, 'mayDeactivate');
Callback('third_party_rules', 'check_can_deactivate_user')(prototype, 'mayDeactivate', descriptor);
Module()(Strict);
`;

/** What is said where a package is missing: what for, which, and what to do. */
const sentence = (use: string, name: string, problem = 'is not installed'): string =>
  `[PACKAGE_MISSING] ${use} needs the package "${name}", which ${problem}. ` +
  'Run "npm install --include=optional" where vesicle is installed: --omit=optional leaves it out.';

interface Dev {
  readonly url: string;
  readonly token: string;
  readonly see: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** `vesicle dev` of an installation, once `vesicle check` has said that all is well. */
async function startDev(t: TestContext, { folder, command }: Installation): Promise<Dev> {
  await writeFile(join(folder, 'vesicle.yaml'), configuration);
  await writeFile(join(folder, 'porter.ts'), porter);
  const { code, error } = await startCli(t, folder, ['check'], [], command).finished;
  assert.equal(error, '');
  assert.equal(code, 0);
  const { see } = startCli(t, folder, ['dev', '--try', 'hello'], [], command);
  const [, url = ''] = await see(/^Vesicle runs localhost at (\S+)$/m);
  const [, token = ''] = await see(/Authorization: Bearer (\S+)'/);
  return { url, token, see };
}

async function said({ url }: Dev, path: string): Promise<string> {
  const response = await fetch(`${url}/_synapse/client/${path}`);
  return ((await response.json()) as { readonly said: string }).said;
}

/** Uploads an image; the status of its upload and of a thumbnail of it. */
async function uploadImage({ url, token }: Dev): Promise<{ readonly upload: number; readonly thumbnail: number }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'image/png' };
  const body = await readFile(inProject('test/fixtures/teacup.png'));
  const upload = await fetch(`${url}/_matrix/media/v3/upload`, { method: 'POST', headers, body });
  const { content_uri: uri } = (await upload.json()) as { readonly content_uri: string };
  const path = `/_matrix/client/v1/media/thumbnail/${uri.slice('mxc://'.length)}?width=32&height=32&method=scale`;
  const thumbnail = await fetch(url + path, { headers });
  await thumbnail.arrayBuffer();
  return { upload: upload.status, thumbnail: thumbnail.status };
}

const timely = { timeout: 60_000 };

test('without nodemailer check and dev start, and sendMail says what to install', timely, async (t) => {
  const dev = await startDev(t, await installWithout(t, ['nodemailer']));
  assert.equal(await said(dev, 'mail'), sentence('Sending mail', 'nodemailer'));
  assert.equal(await said(dev, 'templates'), 'nothing');
});

test('without nunjucks check and dev start, and readTemplates says what to install', timely, async (t) => {
  const dev = await startDev(t, await installWithout(t, ['nunjucks']));
  assert.equal(await said(dev, 'templates'), sentence('Rendering templates (readTemplates)', 'nunjucks'));
  assert.match(await said(dev, 'mail'), /^Connection was refused/);
});

test('without sharp images are uploaded, thumbnails fail, and the log says what to install', timely, async (t) => {
  const dev = await startDev(t, await installWithout(t, ['sharp']));
  assert.deepEqual(await uploadImage(dev), { upload: 200, thumbnail: 500 });
  const [, text] = await dev.see(/ERROR .*No thumbnails of \w+: (.*)$/m);
  assert.equal(text, sentence('Making thumbnails of an image', 'sharp'));
  assert.equal(await said(dev, 'templates'), 'nothing');
});

test('a module host runs compiled modules without any optional package', timely, async (t) => {
  const absent = Object.keys(packageDescription().optionalDependencies);
  assert.ok(absent.length >= 3);
  const { folder, command } = await installWithout(t, absent, { isWithoutNativeParts: true });
  await writeFile(join(folder, 'strict.js'), compiled);
  const host = startCli(t, folder, ['host', '--listen', 'unix:modules.sock'], [], command);
  await host.see(/waits for Synapse at/);
  const address = { kind: 'unix', path: join(folder, 'modules.sock') } as const;
  const bridge = await FakeBridge.open(t, address, [{ module: './strict.js' }]);
  assert.equal(await bridge.invoke('third_party_rules.check_can_deactivate_user', '@a:x', false), false);
});

test(
  'without the native part of oxc-transform a module in TypeScript is refused with the remedy',
  timely,
  async (t) => {
    const { folder, command } = await installWithout(t, [], { isWithoutNativeParts: true });
    await writeFile(join(folder, 'vesicle.yaml'), configuration);
    await writeFile(join(folder, 'porter.ts'), porter);
    const { code, error } = await startCli(t, folder, ['check'], [], command).finished;
    assert.equal(code, 1);
    const use = `Loading ${join(folder, 'porter.ts')} without compiling it with tsc first`;
    assert.ok(error.includes(`[PACKAGE_MISSING] ${use} needs the package "oxc-transform"`), error);
    assert.match(error, /cannot be loaded \(Cannot find native binding.*npm install --include=optional/s);
  },
);

test('without the native part of oxc-transform a mistake in JavaScript is still told', timely, async (t) => {
  const { folder, command } = await installWithout(t, [], { isWithoutNativeParts: true });
  await writeFile(join(folder, 'vesicle.yaml'), 'modules: [{ module: ./faulty.js }]');
  await writeFile(join(folder, 'faulty.js'), 'export class {');
  const { code, error } = await startCli(t, folder, ['check'], [], command).finished;
  assert.equal(code, 1);
  assert.match(error, /faulty\.js: Unexpected token/);
});

/** A module whose configuration is checked by a package that nobody installed. */
const dialler = `
import { IsPhoneNumber, IsString } from 'class-validator';
import { Module } from 'vesicle';

class DiallerConfig {
  @IsPhoneNumber() number = '+441134960000';
  @IsString({ each: true }) words: string[] = [];
}

@Module({ config: DiallerConfig })
export class Dialler {
  constructor(_config: DiallerConfig) {}
}
`;

for (const [title, config, wanted] of [
  ['a telephone number', "{ number: '+44 113 496 0999', words: [a] }", undefined],
  ['what is no telephone number', "{ number: '12', words: [a] }", /number must be a valid phone number/],
  ['a wrong list', "{ number: '+44 113 496 0999', words: [1] }", /each value in words must be a string/],
] as const) {
  test(`without class-validator a module has that of vesicle, which judges ${title}`, timely, async (t) => {
    const { folder, command } = await installWithout(t, []);
    await writeFile(join(folder, 'dialler.ts'), dialler);
    await writeFile(join(folder, 'vesicle.yaml'), `modules: [{ module: ./dialler.ts, config: ${config} }]`);
    const { code, error } = await startCli(t, folder, ['check'], [], command).finished;
    assert.equal(code, wanted === undefined ? 0 : 1, error);
    if (wanted === undefined) assert.equal(error, '');
    else assert.match(error, wanted);
  });
}
