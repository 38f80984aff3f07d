import '../support/calm-js-sdk.js';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  ClientEvent,
  createClient,
  type EventEmitterEvents,
  type MatrixClient,
  MatrixError,
  type MatrixEvent,
  Method,
  Preset,
  type Room,
  RoomEvent,
  RoomMemberEvent,
  SyncState,
  Visibility,
} from 'matrix-js-sdk';
import { WordFilter } from '../support/samples.js';
import { listen } from '../support/listening-homeserver.js';

/** Registers a user, as an application would. */
async function register(baseUrl: string, username: string): Promise<void> {
  const client = createClient({ baseUrl });
  await client.registerRequest({ username, password: `${username}'s secret`, auth: { type: 'm.login.dummy' } });
}

/** Logs a user in and waits for the first sync. */
async function logIn(t: TestContext, baseUrl: string, user: string): Promise<MatrixClient> {
  const { user_id, access_token, device_id } = await createClient({ baseUrl }).loginRequest({
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user },
    password: `${user}'s secret`,
  });
  const client = createClient({ baseUrl, userId: user_id, accessToken: access_token, deviceId: device_id });
  t.after(() => {
    client.stopClient();
  });
  const prepared = once(client, ClientEvent.Sync, (state: SyncState) => state === SyncState.Prepared);
  await client.startClient({ initialSyncLimit: 20 });
  await prepared;
  return client;
}

interface Emitter {
  readonly on: (name: never, listener: never) => unknown;
  readonly off: (name: never, listener: never) => unknown;
}

/** The arguments of the next event that fits. */
function once<Args extends unknown[]>(
  emitter: Emitter,
  name: EventEmitterEvents | string,
  fits: (...args: Args) => boolean,
): Promise<Args> {
  return new Promise((resolve) => {
    const listener = (...args: Args): void => {
      if (!fits(...args)) return;
      emitter.off(name as never, listener as never);
      resolve(args);
    };
    emitter.on(name as never, listener as never);
  });
}

/** Waits for a text message of somebody in the client's own sync loop. */
function heard(client: MatrixClient, body: string): Promise<[MatrixEvent]> {
  return once<[MatrixEvent]>(client, RoomEvent.Timeline, (event) => event.getContent()['body'] === body);
}

/** Waits until the client is in a room in this way. */
function membership(client: MatrixClient, roomId: string, wanted: string): Promise<[Room, string]> {
  return once<[Room, string]>(
    client,
    RoomEvent.MyMembership,
    (room, state) => room.roomId === roomId && state === wanted,
  );
}

test('matrix-js-sdk works against the embedded homeserver', { timeout: 60_000 }, async (t) => {
  const baseUrl = await listen(t, [[WordFilter, { banned_words: ['casino'], mute_for: 1 }]]);
  await register(baseUrl, 'alice');
  await register(baseUrl, 'bob');
  const alice = await logIn(t, baseUrl, 'alice');
  const bob = await logIn(t, baseUrl, 'bob');
  let privateRoom = '';
  let publicRoom = '';

  await t.test('a user logs in again, on another device', async () => {
    const again = await logIn(t, baseUrl, 'alice');
    assert.equal(again.getUserId(), '@alice:localhost');
    assert.notEqual(again.getDeviceId(), alice.getDeviceId());
    await again.logout(true);
    await assert.rejects(again.whoami(), (error: MatrixError) => error.errcode === 'M_UNKNOWN_TOKEN');
  });

  await t.test('an invite to a private room arrives and is accepted', async () => {
    const { room_id } = await alice.createRoom({ name: 'Tea', preset: Preset.PrivateChat });
    privateRoom = room_id;
    const invited = membership(bob, room_id, 'invite');
    await alice.invite(room_id, '@bob:localhost');
    const [room] = await invited;
    assert.equal(room.name, 'Tea');
    const joined = membership(bob, room_id, 'join');
    await bob.joinRoom(room_id);
    await joined;
  });

  await t.test('a public room is found in the directory and joined by its alias', async () => {
    const { room_id } = await alice.createRoom({
      name: 'Market',
      room_alias_name: 'market',
      preset: Preset.PublicChat,
      visibility: Visibility.Public,
    });
    publicRoom = room_id;
    const { chunk } = await bob.publicRooms();
    assert.deepEqual(
      chunk.map((room) => [room.name, room.canonical_alias]),
      [['Market', '#market:localhost']],
    );
    const joined = membership(bob, room_id, 'join');
    await bob.joinRoom('#market:localhost');
    await joined;
  });

  await t.test('messages reach the other in their own sync loop, both ways', async () => {
    const atBob = heard(bob, 'one lump or two?');
    await alice.sendTextMessage(privateRoom, 'one lump or two?');
    const [question] = await atBob;
    assert.equal(question.getSender(), '@alice:localhost');
    assert.equal(question.getRoomId(), privateRoom);
    const atAlice = heard(alice, 'none');
    await bob.sendTextMessage(privateRoom, 'none');
    assert.equal((await atAlice)[0].getSender(), '@bob:localhost');
  });

  await t.test('media that one uploads is what the other downloads', async () => {
    const content = Buffer.from([...Array(1000).keys()].map((byte) => byte % 256));
    const { content_uri } = await alice.uploadContent(content, { name: 'bytes.bin', type: 'application/octet-stream' });
    const url = bob.mxcUrlToHttp(content_uri, undefined, undefined, undefined, undefined, true, true) ?? '';
    const response = await fetch(url, { headers: { Authorization: `Bearer ${bob.getAccessToken() ?? ''}` } });
    assert.equal(response.status, 200);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), content);
  });

  await t.test('a new display name shows in the profile and in the rooms', async () => {
    const renamed = once(
      bob,
      RoomMemberEvent.Name,
      (_event: MatrixEvent, member: { readonly name: string }) => member.name === 'Alice L.',
    );
    await alice.setDisplayName('Alice L.');
    await renamed;
    assert.equal((await bob.getProfileInfo('@alice:localhost')).displayname, 'Alice L.');
  });

  await t.test('account data comes back through the sync loop and from the server', async () => {
    const type = 'org.example.tea' as never;
    const synced = once(alice, ClientEvent.AccountData, (event: MatrixEvent) => event.getType() === type);
    await alice.setAccountData(type, { sugar: 2 } as never);
    await synced;
    assert.deepEqual(await alice.getAccountDataFromServer(type), { sugar: 2 });
  });

  await t.test('a refusal by a module reaches the application with code and text', async () => {
    await assert.rejects(bob.sendTextMessage(publicRoom, 'come to the CASINO'), (error: MatrixError) => {
      assert.ok(error instanceof MatrixError);
      assert.equal(error.httpStatus, 403);
      assert.equal(error.errcode, 'M_FORBIDDEN');
      assert.equal(error.data.error, 'This message has been rejected as probable spam');
      return true;
    });
  });

  await t.test("a module's web resource answers the application", async () => {
    const words = await bob.http.authedRequest(Method.Get, '/words', undefined, undefined, {
      prefix: '/_synapse/client/word_filter',
      priority: 'auto',
    });
    assert.deepEqual(words, { banned_words: ['casino'] });
  });
});
