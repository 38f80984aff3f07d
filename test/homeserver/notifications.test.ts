import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UserId } from '../../src/matrix/ids.js';
import { openProbed } from '../support/module-probe.js';

const path = '/_matrix/client/v3/notifications';
const alice = '@alice:hs.test' as UserId;

test('notifications are paged through, whatever lies between them', async (t) => {
  const { hs } = await openProbed(t);
  const [reader, writer] = [await hs.register('alice'), await hs.register('bob')];
  const loud = await hs.createRoom(writer, { preset: 'public_chat' });
  const elsewhere = await hs.createRoom(writer, { preset: 'public_chat' });
  await hs.request(reader, 'POST', `/_matrix/client/v3/join/${loud}`, {});
  const send = async (room: string, body: string, as = writer): Promise<void> => {
    const to = `/_matrix/client/v3/rooms/${room}/send/m.room.message/${encodeURIComponent(body)}`;
    assert.equal((await hs.request(as, 'PUT', to, { msgtype: 'm.text', body })).status, 200);
  };
  const sent: string[] = [];
  for (let index = 0; index < 120; index++) {
    await send(elsewhere, `hidden ${String(index)}`);
    await send(loud, `mine ${String(index)}`, reader);
    if (index % 10 !== 0) continue;
    sent.unshift(`told ${String(index)}`);
    await send(loud, `told ${String(index)}`);
  }
  const seen: unknown[] = [];
  let next: unknown;
  for (let page = 0; page < 20; page++) {
    const query = typeof next === 'string' ? `&from=${next}` : '';
    const answer = await hs.request(reader, 'GET', `${path}?limit=5${query}`);
    const list = answer.listAt('notifications');
    if (list.length === 0) break;
    seen.push(...list.map((each) => (each['event'] as { content: { body: string } }).content.body));
    next = answer.at('next_token');
  }
  assert.deepEqual(seen, sent);
});

test('each message is judged by the rules of its time, however often a module changes them', async (t) => {
  const { hs, api } = await openProbed(t);
  const [reader, writer] = [await hs.register('alice'), await hs.register('bob')];
  const room = await hs.createRoom(writer, { preset: 'public_chat' });
  await hs.request(reader, 'POST', `/_matrix/client/v3/join/${room}`, {});
  const sounds: string[] = [];
  for (let index = 0; index < 40; index++) {
    const sound = `sound-${String(index)}`;
    sounds.unshift(sound);
    await api.setPushRuleAction(alice, 'global', 'underride', '.m.rule.room_one_to_one', [
      'notify',
      { set_tweak: 'sound', value: sound },
    ]);
    const to = `/_matrix/client/v3/rooms/${room}/send/m.room.message/${sound}`;
    await hs.request(writer, 'PUT', to, { msgtype: 'm.text', body: sound });
  }
  const list = (await hs.request(reader, 'GET', path)).listAt('notifications');
  assert.deepEqual(
    list.map(({ actions }) => (actions as [string, { value: string }])[1].value),
    sounds,
  );
});
