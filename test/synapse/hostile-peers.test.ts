import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { Module } from '../../src/decorators/module.js';
import { Callback } from '../../src/decorators/callback.js';
import { NOT_SPAM, type SpamVerdict } from '../../src/callbacks/spam-verdict.js';
import { encodeFrames } from '../../src/synapse/transport/frames.js';
import { protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { FakeBridge, homeserver } from '../support/fake-bridge.js';
import { heapAfterCollection } from '../support/heap.js';
import { openTestHost } from '../support/module-host-process.js';

@Module()
class Quiet {
  @Callback('spam_checker', 'user_may_invite')
  async mayInvite(): Promise<SpamVerdict> {
    return NOT_SPAM;
  }
}

const loopback = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

test('a host listens on TCP only with a token, and only to who knows it', async (t) => {
  await assert.rejects(openTestHost(t, {}, { address: loopback }), { code: 'SYNAPSE_TOKEN_MISSING' });
  const { address, log } = await openTestHost(t, { q: Quiet }, { address: loopback, token: 'secret' });
  for (const token of ['wrong', '', undefined]) {
    const bridge = await FakeBridge.connect(t, address);
    await assert.rejects(bridge.hello(token), /SYNAPSE_TOKEN_WRONG/);
    await bridge.closed;
  }
  assert.equal(log.texts.filter((text) => text.includes('SYNAPSE_TOKEN_WRONG')).length, 3);
  const bridge = await FakeBridge.open(t, address, [{ module: 'q' }], { token: 'secret' });
  assert.equal(bridge.registered.callbacks.length, 1);
});

test('a bridge of another version is told both versions and the remedy', async (t) => {
  const { address, log } = await openTestHost(t);
  const bridge = await FakeBridge.connect(t, address);
  const protocol = protocolVersion + 1;
  await assert.rejects(bridge.request('hello', { protocol, bridge: '9.9.9', synapse: '1.163.2' }), {
    message: new RegExp(`protocol ${protocol} \\(9\\.9\\.9\\).*protocol ${protocolVersion} .*vesicle bridge --out DIR`),
  });
  await bridge.closed;
  assert.equal(log.lines.length, 1);
});

const hello = { id: 1, method: 'hello', params: { protocol: protocolVersion, bridge: '0.1.0', synapse: '1' } };
const frame = (value: unknown): Buffer => encodeFrames([JSON.stringify(value)]);
const lengthOf = (bytes: number): Buffer => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes);
  return header;
};

/** What is sent, and what the one line in the log says of it. */
const nonsense: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
  'an HTTP request': [Buffer.from('GET / HTTP/1.1\r\n\r\n'), /SYNAPSE_FRAME_TOO_LONG/],
  'text that is no JSON': [encodeFrames(['{"id":']), /not JSON/],
  'JSON that is no object': [frame([1]), /not a JSON object/],
  'a frame of nothing': [encodeFrames(['']), /not JSON/],
  'a long frame before hello': [lengthOf(65_537), /SYNAPSE_FRAME_TOO_LONG/],
  'a longer frame after hello': [Buffer.concat([frame(hello), lengthOf(33_554_433)]), /SYNAPSE_FRAME_TOO_LONG/],
  'a question before hello': [
    frame({ id: 1, method: 'callback.invoke', params: {} }),
    /callback.invoke while the connection is "new"/,
  ],
  'modules before hello': [
    frame({ id: 1, method: 'modules.load', params: {} }),
    /modules.load while the connection is "new"/,
  ],
  'a second hello': [
    Buffer.concat([frame(hello), frame({ ...hello, id: 2 })]),
    /hello while the connection is "greeted"/,
  ],
  'a method that there is not': [
    Buffer.concat([frame(hello), frame({ id: 2, method: 'x' })]),
    /x while the connection is "greeted"/,
  ],
  'an answer to nothing': [frame({ id: 5, result: 1 }), /which was not made/],
  'an id that is no number': [frame({ id: '5', method: 'hello' }), /id is not an integer/],
  'parameters that are no object': [frame({ id: 5, method: 'hello', params: [] }), /params that are not an object/],
  'neither id nor method': [frame({ result: 1 }), /neither id nor method/],
};

for (const [what, [bytes, line]] of Object.entries(nonsense)) {
  test(`${what} closes the connection with one line in the log`, async (t) => {
    const { address, log, host } = await openTestHost(t);
    assert.equal(address.kind, 'unix');
    const socket = connect(address.path);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.resume().on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    await host.close();
    assert.equal(log.lines.filter(({ level }) => level !== 'debug').length, 1);
    assert.match(log.lines.at(-1)?.message ?? '', line);
  });
}

test('mutated frames never crash the host, are told in at most one line, and leave nothing behind', async (t) => {
  const { host, log } = await openTestHost(t, { q: Quiet });
  const start = [
    hello,
    { id: 2, method: 'modules.load', params: { modules: [{ module: 'q' }] } },
    { id: 3, method: 'modules.open', params: homeserver },
  ].map(frame);
  const users = ['@a:here.test', '@b:here.test', '!r:here.test'];
  const templates = [
    { id: 10, method: 'callback.invoke', params: { callback: 'spam_checker.user_may_invite', args: users } },
    { id: 11, method: 'web.request', params: { path: '/x', request: { request: 1, method: 'GET', uri: '/x' } } },
    { id: 12, method: 'function.call', params: { function: 1, response: {} } },
    { id: 13, method: 'db.run', params: { transaction: 1, attempt: 1 } },
    { method: 'cancel', params: { id: 10 } },
    { method: 'release', params: { handles: [1, 2] } },
    { id: 1, error: { type: 'KeyError', message: 'x' } },
  ].map(frame);
  const random = generator(42);
  let sent = 0;
  const rounds = 100_000;
  let heapBefore = 0;
  while (sent < rounds) {
    const [near, far] = duplexPair();
    far.resume().on('error', () => undefined);
    const ended = host.accept(near, near, 'test');
    const before = log.lines.length;
    for (const bytes of start) far.write(bytes);
    const batch: Buffer[] = [];
    for (let count = 0; count < 50; count++, sent++) {
      batch.push(mutated(templates[random(templates.length)] ?? Buffer.alloc(0), random));
    }
    far.write(Buffer.concat(batch));
    far.end();
    await ended;
    const lines = log.lines.slice(before).filter(({ level, message }) => level === 'error' && !/threw/.test(message));
    assert.ok(lines.length <= 1, lines.map(({ message }) => message).join('\n'));
    log.lines.length = 0;
    if (sent === rounds / 10) heapBefore = heapAfterCollection();
  }
  assert.equal(host.connections, 0);
  const grown = heapAfterCollection() - heapBefore;
  assert.ok(grown < 10_000_000, `the heap grew by ${grown} bytes`);
});

function mutated(frame: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(frame);
  for (let count = random(4); count > 0; count--) {
    // Rarely the length: everything after it would be lost.
    const from = random(10) === 0 ? 0 : 4;
    bytes[from + random(bytes.length - from)] = random(256);
  }
  return bytes;
}

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Two ends of a connection in one process. */
function duplexPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  for (const index of [0, 1]) {
    ends.push(
      new Duplex({
        read: () => undefined,
        write: (chunk, _encoding, done) => {
          setImmediate(() => ends[1 - index]?.push(chunk));
          done();
        },
        final: (done) => {
          setImmediate(() => ends[1 - index]?.push(null));
          done();
        },
      }),
    );
  }
  return ends as [Duplex, Duplex];
}
