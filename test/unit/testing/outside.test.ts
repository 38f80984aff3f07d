import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostError, Module, ModuleApi, type RoomId } from '../../../src/index.js';
import { startHomeserver, type TestHomeserver } from '../../../src/testing/index.js';

@Module()
class Messenger {
  constructor(readonly api: ModuleApi) {}
}

function apiOf(hs: TestHomeserver): ModuleApi {
  return hs.module(Messenger).api;
}

test('mails lie in the outbox, and sending can fail', async () => {
  await using hs = await startHomeserver({ modules: [Messenger] });
  const api = apiOf(hs);
  await api.sendMail('Alice <alice@example.org>', 'Hello', '<b>hi</b>', 'hi');
  await api.sendMail('bob@example.org', 'Hello', '<b>hi</b>', 'hi');
  assert.deepEqual(hs.outbox.mailsTo('alice@example.org'), [
    { to: 'Alice <alice@example.org>', subject: 'Hello', html: '<b>hi</b>', text: 'hi' },
  ]);
  hs.outbox.mailFailure = new HostError('SMTPClientError', 'mailbox full');
  await assert.rejects(api.sendMail('bob@example.org', 'Again', '', ''), { message: 'mailbox full' });
  assert.equal(hs.outbox.mails.length, 2);
  hs.outbox.clear();
  assert.equal(hs.outbox.mails.length, 0);
});

test('pushes lie in the outbox; push keys can be unknown, and gateways out of reach', async () => {
  await using hs = await startHomeserver({ modules: [Messenger] });
  const api = apiOf(hs);
  const alice = await hs.user('alice');
  await alice.addPusher('key of the phone');
  const push = (): Promise<ReadonlyMap<string, boolean>> =>
    api.sendHttpPushNotification(alice.userId, null, { counts: { unread: 3 } });
  assert.deepEqual([...(await push())], [[alice.deviceId, true]]);
  const [sent] = hs.outbox.pushes;
  assert.equal(sent?.url, 'https://push.example.com/_matrix/push/v1/notify');
  assert.equal(sent.pushkey, 'key of the phone');
  assert.deepEqual(sent.notification['counts'], { unread: 3 });
  hs.outbox.rejectedPushkeys.add('key of the phone');
  assert.deepEqual([...(await push()).values()], [false]);
  hs.outbox.pushFailure = new Error('down');
  assert.deepEqual([...(await push()).values()], [false]);
});

test('what modules ask of other servers is answered by the test', async () => {
  const fetch = async (request: Request): Promise<Response> =>
    Response.json({ asked: request.url, said: await request.json() });
  await using hs = await startHomeserver({ modules: [Messenger], fetch });
  const answer = await apiOf(hs).httpClient.postJsonGetJson('https://words.example/check', { word: 'casino' });
  assert.deepEqual(answer, { asked: 'https://words.example/check', said: { word: 'casino' } });
});

test('no server can be reached unless the test answers', async () => {
  await using hs = await startHomeserver({ modules: [Messenger] });
  await assert.rejects(apiOf(hs).httpClient.getJson('https://words.example/'), { type: 'ConnectionRefusedError' });
});

test('another server gets what happens in shared rooms, and does its part', async () => {
  await using hs = await startHomeserver({ modules: [] });
  const [alice, other] = [await hs.user('alice'), await hs.remote('other.test')];
  const room = await alice.createRoom();
  await alice.invite(room, '@bob:other.test');
  await other.join('@bob:other.test', room);
  await alice.send(room, 'hello');
  await other.settle();
  assert.equal(other.receivedEvents.at(-1)?.['type'], 'm.room.message');
  const { eventId } = await other.send({
    type: 'm.room.message',
    sender: '@bob:other.test',
    roomId: room,
    content: { msgtype: 'm.text', body: 'hi' },
  });
  assert.equal((await alice.event(room, eventId)).content['body'], 'hi');
  assert.deepEqual(await alice.members(room), [alice.userId, '@bob:other.test']);
  await other.leave('@bob:other.test', room);
  assert.deepEqual(await alice.members(room), [alice.userId]);
  assert.equal(await hs.remote('other.test'), other);
});

test('a request comes from where the test says', async () => {
  await using hs = await startHomeserver({ modules: [Messenger] });
  const alice = await hs.user('alice');
  const headers = { 'User-Agent': 'Robot' };
  await alice.request('GET', '/_matrix/client/v3/account/whoami', undefined, { ip: '203.0.113.7', headers });
  const seen = await apiOf(hs).getUserIpAndAgents(alice.userId);
  assert.deepEqual(
    seen.filter(({ ip }) => ip === '203.0.113.7').map(({ userAgent }) => userAgent),
    ['Robot'],
  );
  assert.equal((await alice.request('GET', '/_matrix/client/v3/rooms/x/event/y')).status >= 400, true);
  await assert.rejects(alice.event('!none:localhost' as RoomId, '$none' as never), { name: 'RefusedError' });
});
