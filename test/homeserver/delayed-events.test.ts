import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { HomeserverConfig } from '../../src/config/homeserver/homeserver-config.js';
import { Codes } from '../../src/errors/matrix-codes.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import { ManualTimers } from '../support/manual-timers.js';
import { RoomWorld, textOf } from '../support/room-world.js';

const path = '/_matrix/client/unstable/org.matrix.msc4140/delayed_events';

interface Server {
  readonly world: RoomWorld;
  readonly clock: ManualTimers;
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly roomId: string;
}

/** Alice and Bob in a room where both may set the topic. */
async function open(t: TestContext, config: Partial<HomeserverConfig> = {}): Promise<Server> {
  const clock = new ManualTimers();
  const world = await RoomWorld.open(t, { clock, config: { maxEventDelayDuration: 60_000, ...config } });
  const [alice, bob] = await world.users('alice', 'bob');
  const roomId = await world.hs.createRoom(alice, {
    preset: 'public_chat',
    power_level_content_override: { state_default: 0 },
  });
  await world.join(bob, roomId);
  return { world, clock, alice, bob, roomId };
}

function later(
  { world, roomId }: Server,
  user: TestUser,
  event: string,
  delay: unknown,
  content: object,
): Promise<TestAnswer> {
  const query = `org.matrix.msc4140.delay=${String(delay)}`;
  return world.request(user, 'PUT', `/rooms/${roomId}/${event}?${query}`, content);
}

const say = (server: Server, user: TestUser, body: string, delay = 10_000): Promise<TestAnswer> =>
  later(server, user, `send/m.room.message/${body}`, delay, { msgtype: 'm.text', body });

const setTopic = (server: Server, user: TestUser, topic: string): Promise<TestAnswer> =>
  later(server, user, 'state/m.room.topic/', 10_000, { topic });

async function pass({ world, clock }: Server, ms: number): Promise<void> {
  clock.advance(ms);
  await world.hs.homeserver.idle();
}

const waiting = async ({ world }: Server, user: TestUser): Promise<unknown[]> =>
  (await world.get(user, path)).listAt('delayed_events').map((event) => event['delay_id']);

test('an event is sent when its delay is over, and modules are asked then', async (t) => {
  const server = await open(t);
  const { world, alice, bob, roomId } = server;
  const asked: string[] = [];
  world.hs.homeserver.dispatch.register({
    module: 'Guard',
    category: 'spam_checker',
    callbacks: [
      {
        name: 'check_event_for_spam',
        handler: async (event: MatrixEvent) => {
          asked.push(textOf({ type: event.type, content: event.content }));
          return event.content['body'] === 'bad' ? Codes.FORBIDDEN : NOT_SPAM;
        },
      },
    ],
  });
  const delayId = (await say(server, alice, 'good')).textAt('delay_id');
  assert.equal((await say(server, alice, 'good')).at('delay_id'), delayId, 'the same transaction');
  await say(server, alice, 'bad', 11_000);
  assert.deepEqual(asked, []);
  await pass(server, 9_999);
  assert.deepEqual(await world.texts(bob, roomId, 'dir=b&limit=1'), ['m.room.member']);
  await pass(server, 2_000);
  assert.deepEqual(asked, ['good', 'bad']);
  assert.deepEqual(await world.texts(bob, roomId, 'dir=b&limit=1'), ['good']);
  assert.deepEqual(await waiting(server, alice), [], 'what was refused is gone as well');
  const own = await world.get(alice, `/rooms/${roomId}/messages?dir=b&limit=1`);
  assert.equal(own.at('chunk', 0, 'unsigned', 'org.matrix.msc4140.delay_id'), delayId);
  assert.equal(own.at('chunk', 0, 'origin_server_ts'), 10_000);
  const others = await world.get(bob, `/rooms/${roomId}/messages?dir=b&limit=1`);
  assert.equal(others.at('chunk', 0, 'unsigned', 'org.matrix.msc4140.delay_id'), undefined);
});

test('a waiting event is shown to its user, and whoever knows its ID may restart, send or cancel it', async (t) => {
  const server = await open(t);
  const { world, alice, bob, roomId } = server;
  const ids = [];
  for (const name of ['one', 'two', 'three']) ids.push((await say(server, alice, name)).textAt('delay_id'));
  const [one = '', two = '', three = ''] = ids;
  assert.deepEqual((await world.get(alice, `${path}/${one}`)).body, {
    delay_id: one,
    room_id: roomId,
    type: 'm.room.message',
    delay_ms: 10_000,
    delayed_since_ts: 0,
    content: { msgtype: 'm.text', body: 'one' },
  });
  assert.equal((await world.get(bob, `${path}/${one}`)).at('error'), 'Delayed event not found');
  await pass(server, 6_000);
  await world.done(undefined, 'POST', `${path}/${one}/restart`);
  await world.done(undefined, 'POST', `${path}/${two}`, { action: 'cancel' });
  await world.done(undefined, 'POST', `${path}/${three}/send`);
  assert.deepEqual(await world.texts(alice, roomId, 'dir=b&limit=1'), ['three']);
  await pass(server, 6_000);
  assert.deepEqual(await waiting(server, alice), [one]);
  await pass(server, 6_000);
  assert.deepEqual(await world.texts(alice, roomId, 'dir=b&limit=2'), ['one', 'three']);
  for (const action of ['cancel', 'restart', 'send']) {
    assert.equal((await world.request(undefined, 'POST', `${path}/${two}/${action}`)).status, 404, action);
  }
});

test('state that is set meanwhile by somebody else cancels what was to be set later', async (t) => {
  const server = await open(t);
  const { world, alice, bob, roomId } = server;
  await setTopic(server, alice, 'later');
  await world.setState(alice, roomId, 'm.room.topic', { topic: 'by herself' });
  assert.equal((await waiting(server, alice)).length, 1);
  await world.setState(bob, roomId, 'm.room.topic', { topic: 'by another' });
  assert.deepEqual(await waiting(server, alice), []);
  await pass(server, 20_000);
  assert.equal((await world.stateOf(alice, roomId, 'm.room.topic')).at('topic'), 'by another');
});

test('a membership may change later', async (t) => {
  const server = await open(t);
  const { world, alice, bob, roomId } = server;
  await later(server, bob, `state/m.room.member/${bob.userId}`, 5, { membership: 'leave' });
  await pass(server, 5);
  assert.equal((await world.stateOf(alice, roomId, 'm.room.member', bob.userId)).at('membership'), 'leave');
});

test('what is to be sent later is checked at once', async (t) => {
  const server = await open(t);
  const cases: readonly (readonly [string, unknown, object, number, string, string])[] = [
    [
      'send/a/1',
      60_001,
      {},
      400,
      'ORG.MATRIX.MSC4140_DELAY_TOO_LARGE',
      'The requested delay (60001ms) exceeds the allowed maximum (60000ms)',
    ],
    ['send/a/2', 'x', {}, 400, 'M_INVALID_PARAM', 'Query parameter org.matrix.msc4140.delay must be an integer'],
    ['send/m.room.message/3', 5, { body: 7 }, 400, 'M_UNKNOWN', "'body' not a string type"],
    ['state/m.room.member/x', 5, {}, 400, 'M_UNKNOWN', 'Content has not membership key'],
  ];
  for (const [event, delay, content, status, errcode, error] of cases) {
    const refused = await later(server, server.alice, event, delay, content);
    assert.deepEqual([refused.status, refused.at('errcode'), refused.at('error')], [status, errcode, error], event);
  }
});

test('a user has only so many events waiting', async (t) => {
  const server = await open(t, { experimentalFeatures: { msc4140_max_delayed_events_per_user: 1 } });
  await say(server, server.alice, 'one');
  const refused = await say(server, server.alice, 'two');
  assert.deepEqual(
    [refused.status, refused.body],
    [
      429,
      {
        errcode: 'M_LIMIT_EXCEEDED',
        error: 'The maximum number of delayed events has been reached.',
        retry_after_ms: 10_000,
      },
    ],
  );
});

test('nothing may wait unless the configuration says how long', async (t) => {
  const server = await open(t, { maxEventDelayDuration: undefined });
  const refused = await say(server, server.alice, 'later');
  assert.deepEqual([refused.status, refused.at('error')], [403, 'Sending delayed events has been disallowed']);
});

test('what a user wanted to be sent later goes with the account', async (t) => {
  const server = await open(t);
  const admin = await server.world.admin();
  await say(server, server.bob, 'later');
  await server.world.done(admin, 'POST', `/_synapse/admin/v1/deactivate/${server.bob.userId}`);
  await pass(server, 20_000);
  assert.ok(!(await server.world.texts(server.alice, server.roomId)).includes('later'));
});
