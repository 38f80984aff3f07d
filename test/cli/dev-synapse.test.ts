import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { until } from '../support/bridged-synapse.js';
import { testSynapsePython } from '../support/synapse.js';
import { folderWith, type RunningCli, runCli, startCli } from '../support/vesicle-cli.js';

const yaml = `
listeners: [{ port: 0 }]
modules:
  - module: ./guard.ts
`;

const guard = (word: string): string => `
import { Callback, Codes, Logger, Module, NOT_SPAM, type MatrixEvent, type SpamVerdict } from 'vesicle';

@Module()
export class Guard {
  constructor(private readonly log: Logger) {}

  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' } })
  async check(event: MatrixEvent): Promise<SpamVerdict> {
    this.log.info('looked at a message');
    return event.content['body'] === '${word}' ? Codes.FORBIDDEN : NOT_SPAM;
  }
}
`;

describe('vesicle dev --host synapse', { timeout: 300_000 }, () => {
  before(async () => {
    process.env['VESICLE_SYNAPSE_PYTHON'] = await testSynapsePython();
  });

  async function startDev(t: TestContext): Promise<RunningCli & { readonly folder: string }> {
    const folder = await folderWith(t, { 'guard.ts': guard('casino'), 'vesicle.yaml': yaml });
    return { ...startCli(t, folder, ['dev', '--host', 'synapse', '--try', 'casino']), folder };
  }

  /** Sends the text of `--try` to the room that was made for it. */
  async function tryIt({ see }: RunningCli, body: string): Promise<number> {
    const [, token, url] = await see(/^curl -X PUT -H 'Authorization: Bearer (\S+)' .* '(\S+)'$/m);
    const request = { msgtype: 'm.text', body };
    const response = await fetch(`${url ?? ''}${crypto.randomUUID()}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token ?? ''}` },
      body: JSON.stringify(request),
    });
    await response.arrayBuffer();
    return response.status;
  }

  it('shows address, table and one log, reloads a module in place, and stops both', async (t) => {
    const cli = await startDev(t);
    await cli.see(/^Synapse 1\.163\.2 runs localhost at http:\/\/127\.0\.0\.1:\d+$/m);
    await cli.see(/Guard {3}callback {3}spam_checker\.check_event_for_spam\n/);
    assert.equal(await tryIt(cli, 'casino'), 403);
    assert.equal(await tryIt(cli, 'lottery'), 200);
    await cli.see(
      /INFO {2}Guard: spam_checker\.check_event_for_spam refused user=@try-\w+:localhost room=!\S+ event=\$\S+ type=m\.room\.message answer=M_FORBIDDEN/,
    );
    await writeFile(join(cli.folder, 'guard.ts'), guard('lottery'));
    await cli.see(/Guard: loaded again, because guard\.ts changed/);
    assert.equal(await tryIt(cli, 'casino'), 200);
    assert.equal(await tryIt(cli, 'lottery'), 403);
    cli.kill('SIGINT');
    const { code, out } = await cli.finished;
    assert.equal(code, 0);
    assert.match(out, /Stopped\.\n$/);
    // The bridge tells Synapse's log, too, what modules say: here it is one log, and it is in it once.
    assert.equal(out.split('looked at a message').length - 1, 4);
  });

  it('leaves no Synapse behind when it is killed', async (t) => {
    const cli = await startDev(t);
    const [, url = ''] = await cli.see(/ runs localhost at (\S+)$/m);
    cli.kill('SIGKILL');
    const isUp = async (): Promise<boolean> =>
      await fetch(`${url}/health`).then(
        () => true,
        () => false,
      );
    await until(async () => !(await isUp()), 'the end of Synapse');
  });

  it('tells mistakes with their lines before Synapse is started', async (t) => {
    const folder = await folderWith(t, { 'vesicle.yaml': 'modules:\n  - module: ./nothing.ts\n' });
    const { code, error } = await runCli(t, folder, ['dev', '--host', 'synapse']);
    assert.equal(code, 1);
    assert.match(error, /vesicle\.yaml:2:13: Error in configuration at 'modules\.<item 0>\.module'/);
  });

  it('names a port in use with what to do', async (t) => {
    const blocker = createServer().listen(0, '127.0.0.1');
    t.after(() => blocker.close());
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const folder = await folderWith(t, { 'vesicle.yaml': `listeners: [{ port: ${port} }]\n` });
    const { code, error } = await runCli(t, folder, ['dev', '--host', 'synapse']);
    assert.equal(code, 1);
    assert.match(error, new RegExp(`\\[HTTP_ADDRESS_IN_USE\\] .*127\\.0\\.0\\.1 port ${port}\\. Stop it`));
  });
});
