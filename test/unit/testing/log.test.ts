import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Logger, Module, ModuleApi, postConstruct, WebResource } from '../../../src/index.js';
import { startHomeserver, type TestOptions } from '../../../src/testing/index.js';
import { RecordingLog } from '../../support/recording-log.js';

@Module()
class Worker {
  constructor(
    readonly api: ModuleApi,
    readonly log: Logger,
  ) {}

  @postConstruct()
  async start(): Promise<void> {
    this.log.info('started', { at: 5 });
    await this.api.loopingBackgroundCall(async () => this.tidy(), 1000);
    await this.api.delayedBackgroundCall(10_000, () => Promise.reject(new Error('too late')));
  }

  async tidy(): Promise<void> {
    await this.api.runAsBackgroundProcess('sweep', async () => {
      throw new RangeError('no broom');
    });
  }

  @WebResource('/_synapse/client/worker')
  async page(request: Request): Promise<Response> {
    if (request.method === 'POST') return Response.json([request.headers.get('authorization'), await request.text()]);
    return new Response('<h1>Work</h1>', { status: 418, headers: { 'content-type': 'text/html' } });
  }
}

const start = (options: Partial<TestOptions> = {}) => startHomeserver({ modules: [Worker], log: 'silent', ...options });

test('what fails in the background fails the test that closes the homeserver, with its module, once', async () => {
  const hs = await start();
  await hs.clock.advance(1000);
  await assert.rejects(hs.close(), (error: Error) => {
    assert.match(
      error.message,
      /TESTING_BACKGROUND_FAILED.*Worker: 'sweep': RangeError: no broom\. .*allowBackgroundFailures/,
    );
    assert.ok(error.cause instanceof RangeError);
    return true;
  });
  await hs.close();
});

test('of a function without a name, the module is named', async () => {
  const hs = await start();
  await hs.clock.advance(10_000);
  await assert.rejects(hs.close(), /Worker: 'an anonymous function': Error: too late/);
  const [last] = hs.log.lines.filter((line) => line.message.includes('anonymous'));
  assert.equal(last?.message, "Worker: Background process 'an anonymous function' threw an exception");
  assert.equal(last.module, 'Worker');
});

test('a test may let it fail, and finds it in the log', async () => {
  const hs = await start({ allowBackgroundFailures: true });
  await hs.clock.advance(1000);
  await hs.close();
  const errors = hs.log.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(
    errors.map(({ module, message, fields }) => [module, message, String(fields['err'])]),
    [['Worker', "Worker: Background process 'sweep' threw an exception", 'RangeError: no broom']],
  );
});

test('every line is kept and passed on, with its module', async () => {
  const log = new RecordingLog();
  await using hs = await start({ log });
  const [line] = hs.log.lines.filter(({ message }) => message === 'started');
  assert.deepEqual(line, { level: 'info', message: 'started', module: 'Worker', fields: { at: 5 } });
  assert.ok(log.lines.some(({ message, fields }) => message === 'started' && fields['module'] === 'Worker'));
});

test('fetch takes what the global fetch takes, with the token of its user', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const path = '/_synapse/client/worker';
  const post = { method: 'POST', body: 'word' };
  const bearer = `Bearer ${alice.accessToken}`;
  assert.deepEqual(await (await hs.fetch(path, post)).json(), [null, 'word']);
  assert.deepEqual(await (await alice.fetch(path, post)).json(), [bearer, 'word']);
  assert.deepEqual(await (await alice.fetch(new URL(path, 'http://localhost'), post)).json(), [bearer, 'word']);
  const request = new Request(`http://localhost${path}`, { ...post, headers: { authorization: 'Bearer other' } });
  assert.deepEqual(await (await hs.fetch(request.clone())).json(), ['Bearer other', 'word']);
  assert.deepEqual(await (await alice.fetch(request)).json(), ['Bearer other', 'word']);
});

test('request keeps the text of a page', async () => {
  await using hs = await start();
  const answer = await hs.request('GET', '/_synapse/client/worker');
  assert.deepEqual([answer.status, answer.text, answer.body], [418, '<h1>Work</h1>', {}]);
});

test('a user makes any number of rooms while the clock stands still', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const rooms = new Set<string>();
  for (let count = 0; count < 60; count++) rooms.add(await alice.createRoom());
  for (let count = 0; count < 10; count++) rooms.add(await alice.createRoom({ room_version: '10' }));
  assert.equal(rooms.size, 70);
});
