import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  AutojoinRoomsMixin,
  LogService,
  MatrixAuth,
  type MatrixClient,
  MatrixError,
  type MatrixProfileInfo,
} from 'matrix-bot-sdk';
import { WordFilter } from '../support/samples.js';
import { listen } from '../support/listening-homeserver.js';

const silent = (): void => undefined;
LogService.setLogger({ trace: silent, debug: silent, info: silent, warn: silent, error: silent });

/** What matrix-bot-sdk hands to a listener for a message. */
interface Message {
  readonly event_id: string;
  readonly sender: string;
  readonly content: { readonly body?: string; readonly msgtype?: string };
}

/** Registers a user; the client that matrix-bot-sdk makes for it, in its sync loop. */
async function start(baseUrl: string, name: string): Promise<MatrixClient> {
  const auth = new MatrixAuth(baseUrl);
  await auth.passwordRegister(name, `${name}'s secret`);
  const client = await auth.passwordLogin(name, `${name}'s secret`, 'matrix-bot-sdk');
  AutojoinRoomsMixin.setupOnClient(client);
  await client.start();
  return client;
}

/** The next message of somebody else that a client hears, and where. */
async function heard(client: MatrixClient, sender: string): Promise<[roomId: string, message: Message]> {
  for (;;) {
    const [roomId, message] = (await once(client, 'room.message')) as [string, Message];
    if (message.sender === sender) return [roomId, message];
  }
}

/** The bot that is tried: it writes as one what it is told to glue, and says which error it met. */
function answerCommands(bot: MatrixClient): void {
  bot.on('room.message', (roomId: string, message: Message) => {
    const [command, ...words] = (message.content.body ?? '').split(' ');
    if (command !== '!glue') return;
    bot.replyText(roomId, message, words.join('')).catch((error: unknown) => bot.emit('refused', error));
  });
}

test('matrix-bot-sdk works against the embedded homeserver', { timeout: 60_000 }, async (t) => {
  const started: MatrixClient[] = [];
  // Before the homeserver closes: else the clients wait some seconds and try again.
  t.after(() => {
    for (const client of started) client.stop();
  });
  const baseUrl = await listen(t, [[WordFilter, { banned_words: ['casino'], mute_for: '10s' }]]);
  const alice = await start(baseUrl, 'alice');
  const bot = await start(baseUrl, 'bot');
  started.push(alice, bot);
  answerCommands(bot);
  let roomId = '';

  await t.test('the token is that of the account that logged in', async () => {
    const { user_id, device_id } = await bot.getWhoAmI();
    assert.equal(user_id, '@bot:localhost');
    assert.equal(typeof device_id, 'string');
  });

  await t.test('an invited bot joins by itself', async () => {
    const joined = once(bot, 'room.join');
    roomId = await alice.createRoom({ name: 'Tea', invite: ['@bot:localhost'], preset: 'private_chat' });
    assert.equal((await joined)[0], roomId);
    assert.deepEqual((await alice.getJoinedRoomMembers(roomId)).sort(), ['@alice:localhost', '@bot:localhost']);
  });

  await t.test('a command is answered with a reply', async () => {
    const answer = heard(alice, '@bot:localhost');
    const command = await alice.sendText(roomId, '!glue tea pot');
    const [where, { content, event_id }] = await answer;
    assert.equal(where, roomId);
    assert.match(content.body ?? '', /teapot$/);
    const stored = (await alice.getEvent(roomId, event_id)) as { readonly content: Readonly<Record<string, unknown>> };
    assert.deepEqual(stored.content['m.relates_to'], { 'm.in_reply_to': { event_id: command } });
  });

  await t.test('state, media and the profile can be set and read', async () => {
    await alice.sendStateEvent(roomId, 'm.room.topic', '', { topic: 'Earl Grey' });
    assert.deepEqual(await bot.getRoomStateEvent(roomId, 'm.room.topic', ''), { topic: 'Earl Grey' });
    const url = await bot.uploadContent(Buffer.from('leaves'), 'text/plain', 'tea.txt');
    assert.equal((await alice.downloadContent(url)).data.toString(), 'leaves');
    await bot.setDisplayName('Tea bot');
    const profile = (await alice.getUserProfile('@bot:localhost')) as MatrixProfileInfo;
    assert.equal(profile.displayname, 'Tea bot');
  });

  await t.test('a reaction is related to the message, a redacted message is empty', async () => {
    const eventId = await alice.sendText(roomId, 'milk');
    const reaction = await bot.unstableApis.addReactionToEvent(roomId, eventId, '🫖');
    const { chunk } = await alice.getRelationsForEvent(roomId, eventId, 'm.annotation');
    assert.deepEqual(
      chunk.map((event: Message) => event.event_id),
      [reaction],
    );
    const redaction = once(bot, 'room.event');
    await alice.redactEvent(roomId, eventId, 'spilt');
    await redaction;
    const redacted = (await bot.getEvent(roomId, eventId)) as { readonly content: object };
    assert.deepEqual(redacted.content, {});
  });

  await t.test('a refusal by a module reaches the bot as a MatrixError with code and text', async () => {
    const refused = once(bot, 'refused');
    await alice.sendText(roomId, '!glue cas ino');
    const [error] = (await refused) as [unknown];
    assert.ok(error instanceof MatrixError);
    assert.equal(error.statusCode, 403);
    assert.equal(error.errcode, 'M_FORBIDDEN');
    assert.equal(error.error, 'This message has been rejected as probable spam');
  });

  await t.test('what a module adds to a refusal arrives too', async () => {
    const error: unknown = await bot.sendText(roomId, 'tea, then').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof MatrixError);
    assert.equal(error.errcode, 'M_LIMIT_EXCEEDED');
    assert.ok((error.retryAfterMs ?? 0) > 0);
  });

  await t.test('a room is left', async () => {
    await bot.leaveRoom(roomId);
    assert.deepEqual(await bot.getJoinedRooms(), []);
  });
});
