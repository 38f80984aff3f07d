import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { TestUser } from '../support/embedded-homeserver.js';
import { RoomWorld } from '../support/room-world.js';

const v1 = '/_synapse/admin/v1';
const far = 5_000_000_000_000;

interface Server {
  readonly world: RoomWorld;
  readonly admin: TestUser;
  readonly alice: TestUser;
  /** Uploads a text; the media ID. */
  readonly upload: (user: TestUser, text: string) => Promise<string>;
  /** The status of a download. */
  readonly download: (user: TestUser, mediaId: string, query?: string) => Promise<number>;
}

async function open(t: TestContext): Promise<Server> {
  const world = await RoomWorld.open(t);
  const admin = await world.admin();
  const [alice] = await world.users('alice');
  return {
    world,
    admin,
    alice,
    upload: async (user, text) => {
      const headers = { 'content-type': 'text/plain' };
      const answer = await world.hs.request(user, 'POST', '/_matrix/media/v3/upload?filename=a.txt', text, headers);
      return answer.textAt('content_uri').replace('mxc://hs.test/', '');
    },
    download: async (user, mediaId, query = '') =>
      (await world.get(user, `/_matrix/client/v1/media/download/hs.test/${mediaId}${query}`)).status,
  };
}

test('quarantined content is withheld from everybody, under whatever ID it was uploaded', async (t) => {
  const { world, admin, alice, upload, download } = await open(t);
  const [one, same, other] = [await upload(alice, 'bad'), await upload(alice, 'bad'), await upload(alice, 'good')];
  await world.done(admin, 'POST', `${v1}/media/quarantine/hs.test/${one}`);
  assert.deepEqual(
    [await download(alice, one), await download(alice, same), await download(alice, other)],
    [404, 404, 200],
  );
  assert.equal(await download(admin, one, '?admin_unsafely_bypass_quarantine=true'), 200);
  const later = await upload(alice, 'bad');
  const info = await world.get(admin, `${v1}/media/hs.test/${later}`);
  assert.equal(info.at('media_info', 'quarantined_by'), 'system');
  await world.done(admin, 'POST', `${v1}/media/unquarantine/hs.test/${same}`);
  assert.deepEqual([await download(alice, one), await download(alice, later)], [200, 200]);
  const changes = (await world.get(admin, `${v1}/media/quarantine_changes`)).listAt('changes');
  const told = changes.map((change) => `${String(change['quarantined'])} ${String(change['media_id'])}`);
  const expected = [...[one, same].map((id) => `true ${id}`), ...[later, one, same].map((id) => `false ${id}`)];
  assert.deepEqual(told.sort(), expected.sort());
});

test('the media of a room are listed and quarantined, protected ones aside', async (t) => {
  const { world, admin, alice, upload, download } = await open(t);
  const roomId = await world.hs.createRoom(alice);
  const [file, thumbnail] = [await upload(alice, 'file'), await upload(alice, 'thumbnail')];
  await world.send(alice, roomId, {
    msgtype: 'm.image',
    body: 'x',
    url: `mxc://hs.test/${file}`,
    info: { thumbnail_url: `mxc://hs.test/${thumbnail}` },
  });
  await world.send(alice, roomId, { msgtype: 'm.file', body: 'x', url: 'mxc://other.test/abc' });
  assert.deepEqual((await world.get(admin, `${v1}/room/${roomId}/media`)).body, {
    local: [`mxc://hs.test/${file}`, `mxc://hs.test/${thumbnail}`],
    remote: ['mxc://other.test/abc'],
  });
  await world.done(admin, 'POST', `${v1}/media/protect/${thumbnail}`);
  const done = await world.done(admin, 'POST', `${v1}/room/${roomId}/media/quarantine`);
  assert.deepEqual(done.body, { num_quarantined: 1 });
  assert.deepEqual([await download(alice, file), await download(alice, thumbnail)], [404, 200]);
});

test('media are deleted one by one, by age, and by user; avatars stay unless asked for', async (t) => {
  const { world, admin, alice, upload, download } = await open(t);
  const [one, avatar, old] = [await upload(alice, 'one'), await upload(alice, 'avatar'), await upload(alice, 'old')];
  await world.done(alice, 'PUT', `/profile/${alice.userId}/avatar_url`, { avatar_url: `mxc://hs.test/${avatar}` });
  const deleted = await world.request(admin, 'DELETE', `${v1}/media/hs.test/${one}`);
  assert.deepEqual(deleted.body, { deleted_media: [one], total: 1 });
  assert.equal(await download(alice, one), 404);
  const aged = await world.done(admin, 'POST', `${v1}/media/delete?before_ts=${far}`);
  assert.deepEqual(aged.at('deleted_media'), [old]);
  const listed = await world.get(admin, `${v1}/users/${alice.userId}/media`);
  assert.deepEqual([listed.at('total'), listed.at('media', 0, 'media_id')], [1, avatar]);
  const rest = await world.request(admin, 'DELETE', `${v1}/users/${alice.userId}/media`);
  assert.deepEqual(rest.at('deleted_media'), [avatar]);
});

test('requests that make no sense are refused', async (t) => {
  const { world, admin, alice } = await open(t);
  const cases: readonly (readonly [string, string, number, string])[] = [
    ['GET', '/media/hs.test/nope', 404, 'Unknown media'],
    ['DELETE', '/media/other.test/x', 400, 'Can only delete local media'],
    ['POST', '/media/protect/nope', 404, 'No row found (local_media_repository)'],
    ['POST', '/purge_media_cache', 400, 'Missing required integer query parameter before_ts'],
    ['GET', '/users/@nope:hs.test/media', 404, 'Unknown user'],
    ['GET', '/users/@x:other.test/media', 400, 'Can only look up local users'],
  ];
  for (const [method, path, status, error] of cases) {
    const refused = await world.request(admin, method, v1 + path);
    assert.deepEqual([refused.status, refused.at('error')], [status, error], path);
    assert.equal((await world.request(alice, method, v1 + path)).status, 403, path);
  }
  const tooEarly = await world.request(admin, 'POST', `${v1}/media/delete?before_ts=1`);
  assert.match(tooEarly.textAt('error'), /from the year 1970/);
  assert.deepEqual((await world.done(admin, 'POST', `${v1}/purge_media_cache?before_ts=${far}`)).body, { deleted: 0 });
});
