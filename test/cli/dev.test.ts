import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { folderWith, type RunningCli, startCli } from '../support/vesicle-cli.js';

const yaml = `
listeners: [{ port: 0 }]
modules:
  - module: ./guard.ts
`;

const guard = (word: string, extra = ''): string => `
import { Callback, Codes, Module, NOT_SPAM, type MatrixEvent, type SpamVerdict, WebResource } from 'vesicle';

@Module()
export class Guard {
  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async check(event: MatrixEvent): Promise<SpamVerdict> {
    return event.content['body'] === '${word}' ? Codes.FORBIDDEN : NOT_SPAM;
  }

  @WebResource('/_synapse/client/guard')
  async slow(_request: Request): Promise<Response> {
    ${extra}
    return Response.json({ word: '${word}' });
  }
}
`;

interface Dev extends RunningCli {
  readonly folder: string;
  readonly url: string;
}

async function startDev(
  t: TestContext,
  module: string,
  args: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
): Promise<Dev> {
  const folder = await folderWith(t, { 'guard.ts': module, 'vesicle.yaml': yaml, ...files });
  const cli = startCli(t, folder, ['dev', ...args]);
  const [, url = ''] = await cli.see(/^Vesicle runs localhost at (\S+)$/m);
  return { ...cli, folder, url };
}

// No test here takes longer on its own: a line that does not come must not stop all tests.
const timely = { timeout: 60_000 };

test('dev shows its address and what each module registered', timely, async (t) => {
  const { see, url } = await startDev(t, guard('casino'));
  await see(/Guard {3}callback {6}spam_checker\.check_event_for_spam\n/);
  await see(/web resource {2}\/_synapse\/client\/guard\n/);
  const response = await fetch(`${url}/_synapse/client/guard`);
  assert.deepEqual(await response.json(), { word: 'casino' });
});

test(
  'the curl line of --try shows the refusal, which is a log line with module, callback, user and answer',
  timely,
  async (t) => {
    const { see } = await startDev(t, guard('casino'), ['--try', 'casino']);
    const [, token = '', body = '', target = ''] = await see(
      /^curl -X PUT -H 'Authorization: Bearer (\S+)' -d '(.*)' '(\S+)'$/m,
    );
    const response = await fetch(target, { method: 'PUT', headers: { authorization: `Bearer ${token}` }, body });
    assert.equal(response.status, 403);
    const { errcode } = (await response.json()) as { readonly errcode: string };
    assert.equal(errcode, 'M_FORBIDDEN');
    await see(
      /INFO {2}Guard: spam_checker\.check_event_for_spam refused user=@try-\w+:localhost room=!\S+ event=\$\S+ type=m\.room\.message answer=M_FORBIDDEN/,
    );
  },
);

test('a changed module is loaded again in place; a faulty one leaves the old one running', timely, async (t) => {
  const { see, url, folder } = await startDev(t, guard('casino'));
  const word = async (): Promise<unknown> => (await fetch(`${url}/_synapse/client/guard`)).json();
  await writeFile(join(folder, 'guard.ts'), guard('lottery'));
  await see(/INFO {2}Guard: loaded again, because guard\.ts changed/);
  assert.deepEqual(await word(), { word: 'lottery' });
  await writeFile(join(folder, 'guard.ts'), 'export const nothing = ;');
  await see(/ERROR Not loaded again, the old module goes on: /);
  assert.deepEqual(await word(), { word: 'lottery' });
  await writeFile(join(folder, 'guard.ts'), guard('poker'));
  await see(/Guard: loaded again[\s\S]*Guard: loaded again/);
  assert.deepEqual(await word(), { word: 'poker' });
});

test(
  'a module is loaded again when its configuration changes; of other changes, a restart is asked for',
  timely,
  async (t) => {
    const configured = `
    import { inject, Module, WebResource } from 'vesicle';
    @Module()
    export class Configured {
      constructor(@inject('config') readonly config: { readonly word?: string }) {}
      @WebResource('/_synapse/client/configured')
      async word(_request: Request): Promise<Response> { return Response.json(this.config.word); }
    }`;
    const yaml = (word: string, more = ''): string =>
      `listeners: [{ port: 0 }]\nmodules:\n  - module: ./guard.ts\n  - module: ./configured.ts\n    config: { word: ${word} }\n${more}`;
    const { see, url, folder } = await startDev(t, guard('casino'), [], {
      'configured.ts': configured,
      'vesicle.yaml': yaml('one'),
    });
    const word = async (): Promise<unknown> => (await fetch(`${url}/_synapse/client/configured`)).json();
    const change = (text: string): Promise<void> => writeFile(join(folder, 'vesicle.yaml'), text);
    assert.equal(await word(), 'one');
    await change(yaml('two'));
    await see(/INFO {2}Configured: loaded again, because vesicle\.yaml changed/);
    assert.equal(await word(), 'two');
    await change(yaml('three', 'allow_guest_access: true\n'));
    await see(/WARN {2}vesicle\.yaml: 'allow_guest_access' changed, which takes effect at a restart of vesicle dev/);
    await see(/Configured: loaded again[^]*Configured: loaded again/);
    assert.equal(await word(), 'three');
    await change(yaml('[', ''));
    await see(/ERROR Not loaded again, the old module goes on: /);
    await change(yaml('four', '  - module: ./guard.ts\n'));
    await see(/WARN {2}vesicle\.yaml: 'allow_guest_access', the list of 'modules' changed/);
    await see(/(?:Configured: loaded again[^]*){3}/);
    assert.equal(await word(), 'four');
  },
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} lets the call in flight finish and ends with 0`, timely, async (t) => {
    const extra = `await new Promise((resolve) => process.once('SIGUSR2', resolve));`;
    const dev = await startDev(t, guard('casino', `console.log('called'); ${extra}`));
    const answer = fetch(`${dev.url}/_synapse/client/guard`);
    await dev.see(/called/);
    dev.kill(signal);
    await dev.see(/Stopping/);
    dev.kill('SIGUSR2');
    assert.equal((await answer).status, 200);
    const { code, out } = await dev.finished;
    assert.equal(code, 0);
    assert.match(out, /Stopped\.\n$/);
  });
}

test('a second signal does not wait', timely, async (t) => {
  const dev = await startDev(t, guard('casino', `console.log('called'); await new Promise(() => {});`));
  fetch(`${dev.url}/_synapse/client/guard`).catch(() => {});
  await dev.see(/called/);
  dev.kill('SIGINT');
  await dev.see(/Stopping/);
  dev.kill('SIGINT');
  assert.equal((await dev.finished).code, 130);
});

test('a promise that a module forgot does not end the homeserver', timely, async (t) => {
  const { see, url } = await startDev(t, guard('casino', `void Promise.reject(new Error('forgotten'));`));
  assert.equal((await fetch(`${url}/_synapse/client/guard`)).status, 200);
  await see(/ERROR An error that nobody handled[\s\S]*Error: forgotten[\s\S]*guard\.ts:13:/);
  assert.equal((await fetch(`${url}/_synapse/client/guard`)).status, 200);
});

test('log lines are JSON when asked for', timely, async (t) => {
  const dev = await startDev(t, guard('casino'), ['--log-format', 'json']);
  dev.kill('SIGTERM');
  const { out } = await dev.finished;
  const last = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { readonly msg: string };
  assert.equal(last.msg, 'Stopped.');
});

test('a port in use is named with what to do', timely, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = await folderWith(t, { 'vesicle.yaml': `listeners: [{ port: ${port} }]` });
  const { code, error } = await startCli(t, folder, ['dev']).finished;
  assert.equal(code, 1);
  assert.match(error, new RegExp(`^\\[HTTP_ADDRESS_IN_USE\\] .*${port}.*listeners`));
});
