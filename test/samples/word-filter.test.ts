import assert from 'node:assert/strict';
import test from 'node:test';
import { startHomeserver } from 'vesicle/testing';
import { WordFilter } from '../../samples/word-filter/module.js';

const config = { banned_words: ['casino'], mute_for: '1h' };
const words = '/_synapse/client/word_filter/words';
const muted = '/_synapse/client/word_filter/muted';

test('a message with a banned word is refused whatever its case, others pass', async (t) => {
  const hs = await startHomeserver({ modules: [[WordFilter, config]] });
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  assert.equal((await alice.send(room, 'good morning')).status, 200);
  const refused = await alice.send(room, 'visit my CASINO');
  assert.equal(refused.status, 403);
  assert.equal(refused.errcode, 'M_FORBIDDEN');
});

test('who wrote a banned word cannot write for a while, and is told for how long', async (t) => {
  const hs = await startHomeserver({ modules: [[WordFilter, config]] });
  t.after(() => hs.close());
  const alice = await hs.user('alice');
  const room = await alice.createRoom();
  await alice.send(room, 'casino');
  const answer = await alice.send(room, 'sorry');
  assert.equal(answer.errcode, 'M_LIMIT_EXCEEDED');
  assert.ok(Number(answer.body['retry_after_ms']) > 3_590_000);
});

test('anybody reads the words, only admins who is muted', async (t) => {
  const hs = await startHomeserver({ modules: [[WordFilter, config]] });
  t.after(() => hs.close());
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
  await assert.rejects(startHomeserver({ modules: [[WordFilter, { banned_words: [] }]] }), /banned_words/);
});
