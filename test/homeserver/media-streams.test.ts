import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ListenerConfig } from '../../src/config/homeserver/listeners.js';
import { EmbeddedHomeserver } from '../support/embedded-homeserver.js';

test('files of any size come back as they were over a socket, and an upload that breaks off leaves nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-media-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const listeners = [Object.assign(new ListenerConfig(), { port: 0 })];
  const hs = await EmbeddedHomeserver.open(t, { config: { listeners, mediaStorePath: folder } });
  const [listener] = await hs.homeserver.listen();
  assert.ok(listener);
  const { token } = await hs.register('alice');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  for (const size of [0, 1, 1_048_576, 1_048_577, 5_000_000]) {
    const body = new Uint8Array(size).map((_, index) => index % 251);
    const uploaded = await fetch(`${listener.url}/_matrix/media/v3/upload`, { method: 'POST', headers, body });
    const { content_uri: uri } = (await uploaded.json()) as { content_uri: string };
    const path = `/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
    const got = await fetch(listener.url + path, { headers });
    assert.equal(got.headers.get('content-length'), String(size));
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(body), `${size} bytes`);
    const head = await fetch(listener.url + path, { headers, method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(size)]);
  }
  const socket = connect(listener.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(
    `POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000000\r\n\r\n`,
  );
  socket.write(new Uint8Array(300_000));
  while (!(await readdir(folder)).some((name) => name.startsWith('incoming-'))) await new Promise(setImmediate);
  socket.destroy();
  await once(socket, 'close');
  while ((await readdir(folder)).some((name) => name.startsWith('incoming-'))) await new Promise(setImmediate);
  assert.deepEqual(
    hs.log.texts.filter((line) => /^(?:warn|error)/.test(line)),
    [],
  );
});
