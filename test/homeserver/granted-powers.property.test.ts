import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { TestAnswer, TestUser } from '../support/embedded-homeserver.js';
import { type Act, changed, type MemberAction, type RoomPicture, RoomPowers } from '../support/room-powers.js';
import { RoomWorld } from '../support/room-world.js';

const names = ['alice', 'bob', 'carol', 'dave'] as const;
const people = names.map((name) => `@${name}:hs.test`);
const [alice = ''] = people;

const user = fc.constantFrom(...people);
const level = fc.constantFrom(0, 49, 50, 51, 100);
const memberAction = fc.constantFrom<MemberAction>('join', 'leave', 'invite', 'kick', 'ban', 'unban', 'knock');
const changeableLevel = fc.oneof(
  fc.record({ group: fc.constant('users'), what: user }),
  fc.record({
    group: fc.constant('events'),
    what: fc.constantFrom('m.room.topic', 'm.room.power_levels', 'test.note'),
  }),
  fc.record({ group: fc.constant('notifications'), what: fc.constant('room') }),
  fc.record({
    group: fc.constant(''),
    what: fc.constantFrom('users_default', 'events_default', 'state_default', 'ban', 'kick', 'redact', 'invite'),
  }),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: fc.record({ kind: fc.constant('send'), user, type: fc.constantFrom('test.note', 'm.sticker') }),
    weight: 2,
  },
  fc.record({
    kind: fc.constant('state'),
    user,
    type: fc.constantFrom('m.room.topic', 'test.note'),
    stateKey: fc.oneof(fc.constant(''), user),
  }),
  fc.record({ kind: fc.constant('rule'), user, rule: fc.constantFrom('public', 'invite', 'knock', 'private') }),
  {
    arbitrary: fc
      .record({ kind: fc.constant('level'), user, change: changeableLevel, level })
      .map(({ change, ...rest }): Act => ({ ...rest, ...change })),
    weight: 3,
  },
  {
    arbitrary: fc
      .record({ kind: fc.constant('member'), user, target: user, action: memberAction })
      .map((one): Act => (['join', 'leave', 'knock'].includes(one.action) ? { ...one, target: one.user } : one)),
    weight: 4,
  },
  fc.record({ kind: fc.constant('redact'), user, index: fc.nat(30) }),
);

/** Bob and Carol moderate, Dave is there too. */
const beginning: readonly Act[] = [
  ...people.slice(1).map((person): Act => ({ kind: 'member', user: person, target: person, action: 'join' })),
  ...people.slice(1, 3).map((person): Act => ({ kind: 'level', user: alice, group: 'users', what: person, level: 50 })),
];

/** A room in which users try things; after each it is compared with what their powers allow. */
class Trial {
  private count = 0;
  private readonly sent: { readonly id: string; readonly sender: string; readonly stateKey?: string }[] = [];

  private constructor(
    private readonly world: RoomWorld,
    private readonly users: ReadonlyMap<string, TestUser>,
    private readonly roomId: string,
    private readonly version: string,
  ) {}

  static async open(world: RoomWorld, users: readonly TestUser[], version: string): Promise<Trial> {
    const byId = new Map(users.map((one) => [one.userId, one]));
    const [creator] = users;
    assert.ok(creator);
    const roomId = await world.hs.createRoom(creator, { preset: 'public_chat', room_version: version });
    return new Trial(world, byId, roomId, version);
  }

  /** Whether the act had an effect. It must have been granted then, and changed nothing else. */
  async attempt(one: Act): Promise<boolean> {
    const before = this.picture();
    const redacted = one.kind === 'redact' ? this.sent[one.index % Math.max(this.sent.length, 1)] : undefined;
    const answer = await this.request(one, before, redacted?.id);
    const after = this.picture();
    const hasChanged = !sameRoom(before, after);
    if (answer === undefined || answer.status !== 200) {
      assert.ok(!hasChanged, 'what was refused has no effect');
      return false;
    }
    if (!hasChanged && one.kind !== 'send' && one.kind !== 'redact') return false;
    const powers = new RoomPowers(before);
    assert.ok(powers.grants(one), 'only what is granted is done');
    if (redacted !== undefined && redacted.sender !== one.user) assert.ok(powers.mayRedactOthers(one.user));
    this.checkScope(one, before, after);
    const eventId = answer.at('event_id');
    if (typeof eventId === 'string') this.sent.push({ id: eventId, sender: one.user });
    return true;
  }

  /** Nothing changes but what the act is about. */
  private checkScope(one: Act, before: RoomPicture, after: RoomPicture): void {
    const members = changed(before.members, after.members);
    assert.deepEqual(members, one.kind === 'member' && members.length > 0 ? [one.target] : []);
    if (one.kind !== 'rule' && one.kind !== 'redact') assert.equal(after.joinRule, before.joinRule);
    if (one.kind !== 'state' && one.kind !== 'redact') assert.deepEqual(after.other, before.other);
    const powers = [new RoomPowers(before), new RoomPowers(after)] as const;
    if (one.kind === 'level') assert.deepEqual(powers[0].stolenLevels(after.levels, one.user), []);
    else for (const person of people) assert.equal(powers[1].powerOf(person), powers[0].powerOf(person));
  }

  private async request(one: Act, before: RoomPicture, redacted = '$none'): Promise<TestAnswer | undefined> {
    const room = `/rooms/${this.roomId}`;
    const by = this.users.get(one.user);
    const put = (path: string, body: object): Promise<TestAnswer> => this.world.request(by, 'PUT', room + path, body);
    switch (one.kind) {
      case 'send':
        return put(`/send/${one.type}/t${++this.count}`, {});
      case 'state':
        return put(`/state/${one.type}/${one.stateKey}`, { n: ++this.count });
      case 'rule':
        return put('/state/m.room.join_rules/', { join_rule: one.rule });
      case 'level':
        return put('/state/m.room.power_levels/', withLevel(before.levels, one));
      case 'redact':
        return put(`/redact/${redacted}/t${++this.count}`, {});
      case 'member': {
        const body = one.target === one.user ? {} : { user_id: one.target };
        return this.world.request(
          by,
          'POST',
          one.action === 'knock' ? `/knock/${this.roomId}` : `${room}/${one.action}`,
          body,
        );
      }
    }
  }

  private picture(): RoomPicture {
    const state = this.world.hs.homeserver.services.rooms.rooms.find(this.roomId)?.state;
    assert.ok(state);
    const own = ['m.room.member', 'm.room.power_levels', 'm.room.join_rules'];
    const others = state.sorted().filter(({ type }) => !own.includes(type));
    return {
      creators: this.version === '12' ? [alice] : [],
      members: Object.fromEntries(
        [...state.ofType('m.room.member')].map(([id, { membership }]) => [id, membership ?? '']),
      ),
      joinRule: state.get('m.room.join_rules', '')?.content['join_rule'],
      levels: state.get('m.room.power_levels', '')?.content ?? {},
      other: Object.fromEntries(others.map(({ type, stateKey, content }) => [`${type} ${stateKey ?? ''}`, content])),
    };
  }
}

function withLevel(
  levels: RoomPicture['levels'],
  { group, what, level: value }: Act & { readonly kind: 'level' },
): object {
  if (group === '') return { ...levels, [what]: value };
  return { ...levels, [group]: { ...(levels[group] as object | undefined), [what]: value } };
}

function sameRoom(a: RoomPicture, b: RoomPicture): boolean {
  return isDeepStrictEqual(a, b);
}

for (const version of ['10', '11', '12']) {
  test(`nobody does anything in a room of version ${version} that they were not granted`, async (t) => {
    const world = await RoomWorld.open(t);
    const users = await world.users(...names);
    let done = 0;
    const holds = fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
      const trial = await Trial.open(world, users, version);
      for (const one of beginning) assert.ok(await trial.attempt(one));
      for (const one of acts) if (await trial.attempt(one)) done++;
    });
    await fc.assert(holds, { numRuns: 15 });
    assert.ok(done > 75, `only ${done} acts had an effect`);
  });
}
