import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import type { EventAllowed } from '../../src/callbacks/third-party-rules.js';
import { Callback } from '../../src/decorators/callback.js';
import { Module } from '../../src/decorators/module.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import type { JsonObject } from '../../src/matrix/json.js';
import { RemoteEvent } from '../../src/synapse/codecs/remote-event.js';
import { EmbeddedHomeserver, type TestAnswer } from '../support/embedded-homeserver.js';
import { FakeBridge } from '../support/fake-bridge.js';
import { openTestHost } from '../support/module-host-process.js';

type Maker = (event: MatrixEvent) => unknown;

/** A module that looks at each event, and sends what a test makes of it. */
@Module()
class Replacing {
  static make: Maker;

  @Callback('third_party_rules', 'check_event_allowed')
  async check(event: MatrixEvent): Promise<EventAllowed> {
    return [true, Replacing.make(event) as JsonObject | null];
  }
}

/** Ways in which modules copy an event. */
const copies: Readonly<Record<string, Maker>> = {
  spread: (event) => ({ ...event }),
  'Object.assign': (event) => Object.assign({}, event),
  'Object.entries': (event) => Object.fromEntries(Object.entries(event)),
  'for in': (event) => {
    const copy: Record<string, unknown> = {};
    for (const name in event) copy[name] = event[name as keyof MatrixEvent];
    return copy;
  },
  'Object.keys': (event) =>
    Object.fromEntries(Object.keys(event).map((name) => [name, event[name as keyof MatrixEvent]])),
  'own property names': (event) =>
    Object.fromEntries(Object.getOwnPropertyNames(event).map((name) => [name, event[name as keyof MatrixEvent]])),
  'own keys': (event) => Object.fromEntries(Reflect.ownKeys(event).map((name) => [name, Reflect.get(event, name)])),
  structuredClone: (event) => structuredClone(event),
  rest: (event) => {
    const { ...rest } = event;
    return rest;
  },
};

test('each way of copying an event copies its members and nothing else, on both hosts alike', async (t) => {
  const { send, seen } = await openRoom(t);
  const events = await seen(async () => {
    await send('m.room.message', { msgtype: 'm.text', body: 'hello' });
    await send('m.room.redaction', { redacts: '$nothing', reason: 'none' });
    await send('org.example.odd', { nested: { list: [1, { a: null }] } });
  });
  assert.ok(events.length > 8);
  for (const event of events) {
    const remote = remoteOf(event);
    const members = membersOf(event);
    const optional = ['stateKey', 'redacts', 'membership'].filter((name) => name in event);
    assert.deepEqual(Object.keys(members), [
      'eventId',
      'roomId',
      'type',
      'sender',
      'content',
      'originServerTs',
      ...optional,
      'depth',
      'unsigned',
      'roomVersion',
    ]);
    for (const [way, copy] of Object.entries(copies)) {
      assert.deepEqual(copy(event), members, way);
      assert.deepEqual(Object.keys(copy(event) as object), Object.keys(members), way);
      assert.deepEqual(copy(remote), members, way);
      assert.deepEqual(Object.keys(copy(remote) as object), Object.keys(members), way);
    }
    assert.deepEqual(JSON.parse(JSON.stringify(remote)), JSON.parse(JSON.stringify(event)));
    assert.equal(inspect(remote), inspect(event));
    assert.match(inspect(event), /content: \{/);
    const { event_id: eventId, content } = JSON.parse(JSON.stringify(event)) as JsonObject;
    assert.deepEqual([eventId, content], [event.eventId, event.content]);
    for (const host of [event, remote]) {
      assert.throws(() => Object.assign(host, { content: {} }), TypeError);
      assert.throws(() => Object.assign(host.content, { more: 1 }), TypeError);
    }
  }
});

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

/** What no host sends, and what the log says of it. */
const unsendable: readonly (readonly [what: string, make: Maker, said: RegExp])[] = [
  ...Object.entries(copies).map(
    ([way, copy]) =>
      [
        `a copy by ${way}`,
        (event: MatrixEvent) => Object.assign(copy(event) as object, { content: { body: 'x' } }),
        /it has eventId, where the JSON of an event has event_id\. Copy event\.getDict\(\), not the event/,
      ] as const,
  ),
  ['the event itself', (event) => event, /it has eventId/],
  ['its methods', ({ getDict }) => ({ type: 'm.room.message', getDict }), /it has getDict/],
  ...Object.entries(values).map(
    ([what, value]) =>
      [
        what,
        (event: MatrixEvent) => ({ ...event.getDict(), content: { ...event.content, at: value } }),
        /cannot be sent: content\.at(\[0\])? is /,
      ] as const,
  ),
];

test('a replacement that no JSON of an event can be is refused by name, on both hosts', async (t) => {
  const { send, lines } = await openRoom(t);
  const { address, log } = await openTestHost(t, { Replacing });
  const bridge = await FakeBridge.open(t, address, [{ module: 'Replacing' }]);
  const pdu = { type: 'm.room.message', sender: '@alice:here', content: { body: 'hello' }, room_id: '!room:here' };
  const wire = { event_id: '$event', room_id: '!room:here', room_version: '11', pdu };
  for (const [what, make, said] of unsendable) {
    Replacing.make = make;
    const before = [lines().length, log.lines.length] as const;
    assert.equal((await send('m.room.message', { msgtype: 'm.text', body: what })).status, 500, what);
    assert.match(inspect(lines().slice(before[0]), { depth: 6 }), said, what);
    await assert.rejects(bridge.invoke('third_party_rules.check_event_allowed', wire, { state: 1 }), what);
    assert.match(inspect(log.lines.slice(before[1]), { depth: 6 }), said, what);
  }
});

test('what makes its own JSON is sent as that, and what is undefined is left out', async (t) => {
  const { send, event } = await openRoom(t);
  const at = { toJSON: () => '1970' };
  Replacing.make = (original) => ({
    ...original.getDict(),
    content: { ...original.content, at, none: undefined, list: [undefined] },
  });
  const answer = await send('m.room.message', { msgtype: 'm.text', body: 'hello' });
  assert.equal(answer.status, 200);
  assert.deepEqual(await event(answer.textAt('event_id')), {
    msgtype: 'm.text',
    body: 'hello',
    at: '1970',
    list: [null],
  });
});

interface Room {
  readonly send: (type: string, content: JsonObject) => Promise<TestAnswer>;
  readonly event: (eventId: string) => Promise<JsonObject>;
  /** The events that the module is asked about meanwhile. */
  readonly seen: (act: () => Promise<void>) => Promise<readonly MatrixEvent[]>;
  readonly lines: () => readonly object[];
}

async function openRoom(t: TestContext): Promise<Room> {
  Replacing.make = () => null;
  const modules = [{ name: 'Replacing', type: Replacing, config: {}, at: 'test' }];
  const hs = await EmbeddedHomeserver.open(t, { modules });
  const alice = await hs.register('alice');
  const roomId = await hs.createRoom(alice);
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  let count = 0;
  return {
    send: (type, content) => hs.request(alice, 'PUT', `${path}/send/${type}/${(count += 1)}`, content),
    event: async (eventId) => (await hs.request(alice, 'GET', `${path}/event/${eventId}`)).at('content') as JsonObject,
    seen: async (act) => {
      const events: MatrixEvent[] = [];
      Replacing.make = (event) => {
        events.push(event);
        return null;
      };
      await hs.createRoom(alice, { preset: 'public_chat', name: 'Lobby' });
      await act();
      return events;
    },
    lines: () => hs.log.lines,
  };
}

/** The same event as it comes from Synapse. */
function remoteOf(event: MatrixEvent): RemoteEvent {
  return new RemoteEvent({
    event_id: event.eventId,
    room_id: event.roomId,
    room_version: event.roomVersion,
    pdu: event.getDict() as JsonObject,
    ...(event.redacts !== undefined && { redacts: event.redacts }),
  });
}

function membersOf(event: MatrixEvent): object {
  const { eventId, roomId, type, sender, content, originServerTs, depth, unsigned, roomVersion } = event;
  const { stateKey, redacts, membership } = event;
  return {
    eventId,
    roomId,
    type,
    sender,
    content,
    originServerTs,
    ...(stateKey !== undefined && { stateKey }),
    ...(redacts !== undefined && { redacts }),
    ...(membership !== undefined && { membership }),
    depth,
    unsigned,
    roomVersion,
  };
}
