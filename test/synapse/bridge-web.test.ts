import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ModuleApi } from '../../src/module-api/module-api.js';
import { Module } from '../../src/decorators/module.js';
import { WebResource } from '../../src/decorators/web-resource.js';
import { formatListenAddress } from '../../src/synapse/transport/listen-address.js';
import { openTestHost } from '../support/module-host-process.js';
import { pythonIsMissing } from '../support/python-tools.js';
import { type RunningSynapse, SynapseForks } from '../support/synapse-forks.js';
import { logContextFaults } from '../support/synapse-log-faults.js';

const skip = await pythonIsMissing();
const piece = new Uint8Array(65_536).fill(7);

@Module()
class Pipes {
  static produced = 0;
  static cancelled: () => void = () => undefined;

  constructor(readonly api: ModuleApi) {}

  @WebResource('/_synapse/client/pipes/echo')
  async echo(request: Request): Promise<Response> {
    return new Response(request.body, {
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      status: 201,
    });
  }

  @WebResource('/_synapse/client/pipes/endless')
  async endless(): Promise<Response> {
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        Pipes.produced++;
        controller.enqueue(piece);
      },
      cancel: () => {
        Pipes.cancelled();
      },
    });
    return new Response(body);
  }

  @WebResource('/_synapse/client/pipes/broken')
  async broken(): Promise<Response> {
    let number = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (++number > 8) controller.error(new Error('no more'));
        else controller.enqueue(piece);
      },
    });
    return new Response(body);
  }

  @WebResource('/_synapse/client/pipes/nothing')
  async nothing(): Promise<Response> {
    return new Response(null, { status: 204 });
  }
}

describe('web resources of modules in a real Synapse', { skip, timeout: 120_000 }, () => {
  let forks: SynapseForks;
  before(async () => {
    forks = await SynapseForks.open();
  });
  after(() => forks[Symbol.asyncDispose]());

  async function start(t: Parameters<typeof openTestHost>[0]): Promise<RunningSynapse> {
    const { address } = await openTestHost(t, { Pipes });
    const config = { connect: formatListenAddress(address), modules: [{ module: 'Pipes' }] };
    const modules = [{ module: 'vesicle_bridge.VesicleBridge', config }];
    return await forks.start(await forks.newFolder(), { modules });
  }

  it('take and give bodies of any size, and headers that occur twice', async (t) => {
    await using synapse = await start(t);
    for (const size of [0, 1, 65_536, 3_000_000]) {
      const body = new Uint8Array(size).map((_, index) => index % 251);
      const response = await fetch(`${synapse.url}/_synapse/client/pipes/echo`, { method: 'POST', body });
      assert.equal(response.status, 201);
      assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(body), `${size} bytes`);
    }
    const nothing = await fetch(`${synapse.url}/_synapse/client/pipes/nothing`);
    assert.deepEqual([nothing.status, await nothing.text()], [204, '']);
    const head = await fetch(`${synapse.url}/_synapse/client/pipes/endless`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });

  it('are slowed down by a client that does not read, and told when it goes', async (t) => {
    await using synapse = await start(t);
    const cancelled = new Promise<void>((resolve) => (Pipes.cancelled = resolve));
    Pipes.produced = 0;
    const { hostname, port } = new URL(synapse.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /_synapse/client/pipes/endless HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    await once(socket, 'readable');
    let before = -1;
    while (before !== Pipes.produced) {
      before = Pipes.produced;
      await delay(300);
    }
    // What the buffers of sockets hold, and no more.
    assert.ok(before < 500, `${before} pieces were made for nobody`);
    socket.destroy();
    await cancelled;
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });

  it('that fail in the middle of a body do not look complete', async (t) => {
    await using synapse = await start(t);
    const response = await fetch(`${synapse.url}/_synapse/client/pipes/broken`);
    assert.equal(response.status, 200);
    await assert.rejects(response.arrayBuffer());
    assert.deepEqual(logContextFaults(await synapse.output()), []);
  });
});
