import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import sharp from 'sharp';
import type { MediaFile, MediaFileInfo } from '../../src/callbacks/media-file.js';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import type { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { Codes } from '../../src/errors/matrix-codes.js';
import { EmbeddedHomeserver, type TestUser } from '../support/embedded-homeserver.js';

const client = '/_matrix/client/v1/media';
const media = '/_matrix/media/v3';

async function open(
  t: TestContext,
  config: Partial<HomeserverConfig> = {},
): Promise<{ readonly hs: EmbeddedHomeserver; readonly alice: TestUser }> {
  const hs = await EmbeddedHomeserver.open(t, { config });
  return { hs, alice: await hs.register('alice') };
}

/** Uploads and gives `server/id`. */
async function upload(
  hs: EmbeddedHomeserver,
  user: TestUser,
  content: string | Uint8Array,
  type: string,
  name = '',
): Promise<string> {
  const query = name === '' ? '' : `?filename=${encodeURIComponent(name)}`;
  const answer = await hs.request(user, 'POST', `${media}/upload${query}`, content, { 'content-type': type });
  return answer.textAt('content_uri').replace('mxc://', '');
}

test('a file comes back as it was, with headers that keep it harmless', async (t) => {
  const { hs, alice } = await open(t);
  const path = await upload(hs, alice, 'hello', 'text/plain', 'a b.txt');
  const answer = await hs.request(alice, 'GET', `${client}/download/${path}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'hello');
  for (const [name, value] of Object.entries({
    'content-type': 'text/plain; charset=UTF-8',
    'content-disposition': "inline; filename*=utf-8''a%20b.txt",
    'content-length': '5',
    'cache-control': 'public,max-age=86400,s-maxage=0,proxy-revalidate',
    'x-content-security-policy': 'sandbox;',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'cross-origin',
    'access-control-allow-origin': '*',
    etag: '1',
  })) {
    assert.equal(answer.headers.get(name), value, name);
  }
  assert.match(answer.headers.get('content-security-policy') ?? '', /^sandbox; default-src 'none'/);
});

test('only harmless types are shown in place, and a name in the path goes before that of the upload', async (t) => {
  const { hs, alice } = await open(t);
  const page = await upload(hs, alice, '<script>', 'text/html', 'x.html');
  const answer = await hs.request(alice, 'GET', `${client}/download/${page}/y.txt`);
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename=y.txt');
});

test('a client that has the file is told that it has not changed', async (t) => {
  const { hs, alice } = await open(t);
  const path = await upload(hs, alice, 'x', 'text/plain');
  const answer = await hs.request(alice, 'GET', `${client}/download/${path}`, undefined, { 'if-none-match': '1' });
  assert.equal(answer.status, 304);
});

test('media needs a token, unless authenticated media is off', async (t) => {
  const { hs, alice } = await open(t);
  const path = await upload(hs, alice, 'x', 'text/plain');
  assert.equal((await hs.request(undefined, 'GET', `${client}/download/${path}`)).status, 401);
  const legacy = await hs.request(undefined, 'GET', `${media}/download/${path}`);
  assert.deepEqual([legacy.status, legacy.at('errcode')], [404, 'M_NOT_FOUND']);
  const lax = await open(t, { enableAuthenticatedMedia: false });
  const free = await upload(lax.hs, lax.alice, 'x', 'text/plain');
  assert.equal((await lax.hs.request(undefined, 'GET', `${media}/download/${free}`)).text, 'x');
});

test('unknown media is 404, that of other servers out of reach', async (t) => {
  const { hs, alice } = await open(t);
  const unknown = await hs.request(alice, 'GET', `${client}/download/hs.test/nope`);
  assert.deepEqual(
    [unknown.status, unknown.at('error')],
    [404, "Not found '/_matrix/client/v1/media/download/hs.test/nope'"],
  );
  const remote = await hs.request(alice, 'GET', `${client}/download/other.test/x`);
  assert.deepEqual([remote.status, remote.at('error')], [502, 'Failed to fetch remote media']);
  assert.equal((await hs.request(alice, 'GET', `${client}/download/bad%20name/x`)).status, 400);
});

test('a media ID can be made first and filled once, by its maker only', async (t) => {
  const { hs, alice } = await open(t);
  const bob = await hs.register('bob');
  const path = (await hs.request(alice, 'POST', '/_matrix/media/v1/create', {})).textAt('content_uri').slice(6);
  const early = await hs.request(alice, 'GET', `${client}/download/${path}?timeout_ms=0`);
  assert.deepEqual([early.status, early.at('errcode')], [504, 'M_NOT_YET_UPLOADED']);
  const put = (user: TestUser): Promise<number> =>
    hs
      .request(user, 'PUT', `${media}/upload/${path}`, 'x', { 'content-type': 'text/plain' })
      .then(({ status }) => status);
  assert.equal(await put(bob), 403);
  assert.equal(await put(alice), 200);
  assert.equal(await put(alice), 409);
  assert.equal((await hs.request(alice, 'GET', `${client}/download/${path}`)).text, 'x');
  assert.equal((await hs.request(alice, 'PUT', `${media}/upload/hs.test/nope`, 'x')).status, 404);
  assert.equal((await hs.request(alice, 'PUT', `${media}/upload/other.test/x`, 'x')).status, 404);
});

test('a user may have so many media IDs waiting', async (t) => {
  const { hs, alice } = await open(t, { maxPendingMediaUploads: 2 });
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await hs.request(alice, 'POST', '/_matrix/media/v1/create', {})).status);
  assert.deepEqual(statuses, [200, 200, 429]);
});

test('uploads over the size or over what a user may upload in a time are refused', async (t) => {
  const limits = [{ maxBytes: 100, timePeriodMs: 60_000, canUpgrade: true, infoUri: 'https://example.com/' }];
  const { hs, alice } = await open(t, { maxUploadSize: 80, mediaUploadLimits: limits });
  const send = (size: number) => hs.request(alice, 'POST', `${media}/upload`, 'x'.repeat(size));
  const large = await send(81);
  assert.deepEqual([large.status, large.at('errcode')], [413, 'M_TOO_LARGE']);
  assert.equal((await send(60)).status, 200);
  const over = await send(60);
  assert.equal(over.status, 403);
  assert.deepEqual(over.body, {
    errcode: 'M_USER_LIMIT_EXCEEDED',
    error: 'Media upload limit exceeded',
    info_uri: 'https://example.com/',
    can_upgrade: true,
  });
  assert.equal((await send(40)).status, 200);
});

test('an image gets thumbnails, and the one nearest to the wish is given', async (t) => {
  const { hs, alice } = await open(t);
  const image = await sharp({ create: { width: 500, height: 250, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const path = await upload(hs, alice, image, 'image/jpeg');
  const sizeOf = async (query: string): Promise<readonly [number | undefined, number | undefined, string | null]> => {
    const response = await hs.homeserver.fetch(
      new Request(`http://localhost${client}/thumbnail/${path}?${query}`, {
        headers: { authorization: `Bearer ${alice.token}` },
      }),
    );
    const { width, height } = await sharp(new Uint8Array(await response.arrayBuffer())).metadata();
    return [width, height, response.headers.get('content-type')];
  };
  assert.deepEqual(await sizeOf('width=20&height=20&method=crop'), [32, 32, 'image/jpeg']);
  assert.deepEqual(await sizeOf('width=90&height=90&method=crop'), [96, 96, 'image/jpeg']);
  assert.deepEqual(await sizeOf('width=300&height=100'), [320, 160, 'image/jpeg']);
  assert.deepEqual(await sizeOf('width=2000&height=2000&method=scale'), [500, 250, 'image/jpeg']);
  const other = await hs.request(alice, 'GET', `${client}/thumbnail/${path}?width=1&height=1&method=other`);
  assert.equal(other.status, 404);
  const none = await upload(hs, alice, 'x', 'text/plain');
  const without = await hs.request(alice, 'GET', `${client}/thumbnail/${none}?width=1&height=1`);
  assert.equal(without.status, 400);
  assert.match(without.textAt('error'), /^Cannot find any thumbnails for the requested media/);
  const missing = await hs.request(alice, 'GET', `${client}/thumbnail/${path}?height=1`);
  assert.equal(missing.at('error'), 'Missing required integer query parameter width');
});

test('thumbnails are made to measure when that is configured', async (t) => {
  const { hs, alice } = await open(t, { dynamicThumbnails: true });
  const image = await sharp({ create: { width: 60, height: 60, channels: 4, background: 'red' } })
    .png()
    .toBuffer();
  const path = await upload(hs, alice, image, 'image/png');
  const made = await hs.request(alice, 'GET', `${client}/thumbnail/${path}?width=17&height=13&method=crop`);
  assert.deepEqual([made.status, made.headers.get('content-type')], [200, 'image/png']);
  const huge = await hs.request(alice, 'GET', `${client}/thumbnail/${path}?width=99999999&height=99999999`);
  assert.deepEqual([huge.status, huge.at('error')], [400, 'Failed to generate thumbnail.']);
});

test('a thumbnail that cannot be made is refused, whatever the reason; one of many frames stands still', async (t) => {
  const { hs, alice } = await open(t, { dynamicThumbnails: true, maxImagePixels: 4_000_000 });
  const tall = await sharp({ create: { width: 1, height: 3_000_000, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const frames = await sharp({
    create: { width: 100, height: 100 * 500, channels: 3, background: 'red', pageHeight: 100 },
  })
    .gif({ loop: 0, delay: Array.from({ length: 500 }, () => 10), keepDuplicateFrames: true })
    .toBuffer();
  const statuses = new Set<string>();
  const sizes = ['width=96&height=96', 'width=1&height=2000', 'width=2000&height=1'];
  for (const [content, type] of [
    [tall, 'image/png'],
    [frames, 'image/gif'],
  ] as const) {
    const path = await upload(hs, alice, content, type);
    for (const size of sizes) {
      for (const more of ['method=crop', 'method=scale', 'method=crop&animated=true', 'method=scale&animated=true']) {
        const made = await hs.request(alice, 'GET', `${client}/thumbnail/${path}?${size}&${more}`);
        if (made.status !== 200)
          assert.deepEqual([made.status, made.at('error')], [400, 'Failed to generate thumbnail.']);
        if (type === 'image/gif') assert.equal(made.status, 200);
        statuses.add(`${type} ${String(made.status)}`);
      }
    }
  }
  assert.deepEqual([...statuses].sort(), ['image/gif 200', 'image/png 200', 'image/png 400']);
});

test('a module may refuse a file, and is asked for each thumbnail; what it refuses does not stay on disk', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vesicle-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { hs, alice } = await open(t, { mediaStorePath: folder });
  const asked: string[] = [];
  const registered = hs.homeserver.dispatch.register({
    module: 'm',
    category: 'spam_checker',
    callbacks: [
      {
        name: 'check_media_file_for_spam',
        handler: async (file: MediaFile, info: MediaFileInfo) => {
          const content = await file.read();
          assert.ok(existsSync(file.path));
          asked.push(info.thumbnail === null ? `file ${content.byteLength}` : info.thumbnail.method);
          return content.byteLength === 3 ? Codes.FORBIDDEN : NOT_SPAM;
        },
      },
    ],
  });
  const bad = await hs.request(alice, 'POST', `${media}/upload`, 'bad', { 'content-type': 'text/plain' });
  assert.deepEqual([bad.status, bad.body], [400, { errcode: 'M_UNKNOWN', error: 'Bad content' }]);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  assert.deepEqual(files, []);
  const image = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await upload(hs, alice, image, 'image/png');
  assert.deepEqual(asked, ['file 3', `file ${image.byteLength}`, 'crop', 'crop', 'scale']);
  registered.remove();
});

test('previews are disabled and the configuration is told', async (t) => {
  const { hs, alice } = await open(t, { maxUploadSize: 7 });
  assert.deepEqual((await hs.request(alice, 'GET', `${media}/config`)).body, { 'm.upload.size': 7 });
  const preview = await hs.request(alice, 'GET', `${client}/preview_url?url=http://x`);
  assert.deepEqual([preview.status, preview.at('errcode')], [404, 'M_UNRECOGNIZED']);
});
