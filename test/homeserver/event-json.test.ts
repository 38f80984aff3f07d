import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventAllowed } from '../../src/callbacks/third-party-rules.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { RemoteEvent } from '../../src/synapse/remote-event.js';
import { EmbeddedHomeserver } from '../support/embedded-homeserver.js';

const values: Readonly<Record<string, unknown>> = {
  date: new Date(0),
  map: new Map([['a', 1]]),
  set: new Set([1]),
  function: () => 1,
  symbol: Symbol('a'),
  bigint: 1n,
  'not a number': NaN,
  infinity: Infinity,
  'a list of dates': [new Date(0)],
};

@Module()
class Replacing {
  static seen: unknown;

  @Callback('third_party_rules', 'check_event_allowed', { when: { type: 'm.room.message' } })
  async check(event: MatrixEvent): Promise<EventAllowed> {
    const json = JSON.parse(JSON.stringify(event)) as JsonObject & Record<'event_id' | 'room_id', string>;
    const { event_id: eventId, room_id: roomId, ...pdu } = json;
    const remote = new RemoteEvent({
      event_id: eventId,
      room_id: roomId,
      room_version: event.roomVersion,
      pdu: { ...pdu, room_id: roomId },
    });
    Replacing.seen = [json, JSON.parse(JSON.stringify(remote))];
    const body = event.content['body'] as string;
    const content = { ...event.content, at: values[body] };
    return [true, body in values ? { ...event.getDict(), content } : null];
  }
}

test('an event is the same JSON on both hosts, and what JSON has no form for is not sent', async (t) => {
  const modules = [{ name: 'Replacing', type: Replacing, config: {}, at: 'test' }];
  const hs = await EmbeddedHomeserver.open(t, { modules });
  const alice = await hs.register('alice');
  const created = await hs.request(alice, 'POST', '/_matrix/client/v3/createRoom', {});
  const room = `/_matrix/client/v3/rooms/${created.textAt('room_id')}`;
  const send = (body: string): ReturnType<typeof hs.request> =>
    hs.request(alice, 'PUT', `${room}/send/m.room.message/${encodeURIComponent(body)}`, { msgtype: 'm.text', body });
  assert.equal((await send('plain')).status, 200);
  const [embedded, remote] = Replacing.seen as [JsonObject, JsonObject];
  assert.deepEqual(embedded['content'], { msgtype: 'm.text', body: 'plain' });
  assert.deepEqual(embedded, remote);
  assert.deepEqual([embedded['sender'], embedded['type']], ['@alice:hs.test', 'm.room.message']);
  for (const body of Object.keys(values)) {
    const answer = await send(body);
    if (!body.includes('date')) {
      assert.equal(answer.status, 500, body);
      continue;
    }
    const event = await hs.request(alice, 'GET', `${room}/event/${answer.textAt('event_id')}`);
    const { at } = (event.body as { readonly content: JsonObject }).content;
    const text = '1970-01-01T00:00:00.000Z';
    assert.deepEqual(at, body === 'date' ? text : [text]);
  }
});
