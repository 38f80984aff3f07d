import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from 'vesicle';
import { checkModules, startHomeserver, type TestHomeserver } from 'vesicle/testing';
import { WordFilter } from '../../samples/word-filter/module.js';

const words = '/_synapse/client/word_filter/words';
const muted = '/_synapse/client/word_filter/muted';

function start(config: JsonObject = { banned_words: ['casino'], mute_for: '1h' }): Promise<TestHomeserver> {
  return startHomeserver({ modules: [[WordFilter, config]] });
}

test('a message with a banned word is refused whatever its case, others pass', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.send(room, 'good morning')).status, 200);
  const refused = await alice.send(room, 'visit my CASINO');
  assert.equal(refused.status, 403);
  assert.equal(refused.errcode, 'M_FORBIDDEN');
});

test('who wrote a banned word cannot write for a while, and is told for how long', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  await alice.send(room, 'casino');
  await hs.clock.advance('20m');
  const early = await alice.send(room, 'sorry');
  assert.equal(early.errcode, 'M_LIMIT_EXCEEDED');
  assert.equal(early.body['retry_after_ms'], 40 * 60_000);
  await hs.clock.advance('40m');
  assert.equal((await alice.send(room, 'sorry')).status, 200);
});

test('a refused message reaches nobody', async () => {
  await using hs = await start();
  const [alice, bob] = [await hs.user('alice'), await hs.user('bob')];
  const room = await alice.createRoom({ preset: 'public_chat' });
  await bob.join(room);
  await bob.send(room, 'casino');
  await alice.send(room, 'good morning');
  const texts = (await bob.messages(room)).flatMap(({ content }) => content['body'] ?? []);
  assert.deepEqual(texts, ['good morning']);
});

test('what is no message is not even looked at', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  hs.calls.clear();
  await alice.sendState(room, 'm.room.topic', { topic: 'casino' });
  const [call] = hs.calls.list({ module: WordFilter, name: 'check_event_for_spam' });
  assert.equal(call?.skipped, 'when');
});

test('a new list of words counts at once, and who was muted may write again', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  await alice.send(room, 'casino');
  await hs.reload(WordFilter, { config: { banned_words: ['lottery'] } });
  assert.equal((await alice.send(room, 'casino')).status, 200);
  assert.equal((await alice.send(room, 'lottery')).status, 403);
});

test('anybody reads the words, only admins who is muted', async () => {
  await using hs = await start();
  const alice = await hs.user('alice');
  const admin = await hs.admin('root');
  await alice.send(await alice.createRoom(), 'casino');
  assert.deepEqual((await hs.request('GET', words)).body, { banned_words: ['casino'] });
  assert.equal((await hs.request('GET', muted)).errcode, 'M_MISSING_TOKEN');
  assert.equal((await alice.request('GET', muted)).errcode, 'M_FORBIDDEN');
  const answer = await admin.request('GET', muted);
  assert.deepEqual(Object.keys(answer.body['muted'] as object), [alice.userId]);
});

test('a configuration without words does not start, and the error names the place', async () => {
  const problems = await checkModules({ modules: [[WordFilter, { banned_words: [] }]] });
  assert.deepEqual(problems, [
    {
      code: 'CONFIG_INVALID',
      path: 'modules.<item 0>.config.banned_words',
      message: 'banned_words should not be empty, got a list.',
    },
  ]);
});
