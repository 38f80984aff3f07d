import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { checkEventAuth, type EventToAuth } from '../../../src/homeserver/rooms/auth/event-auth.js';
import { type AuthEvent, PowerLevels } from '../../../src/homeserver/rooms/model/power-levels.js';
import { findRoomVersion, type RoomVersion } from '../../../src/homeserver/rooms/model/room-version.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { JsonObject } from '../../../src/matrix/json.js';

type Written = readonly [type: string, sender: string, stateKey: string | null, content: JsonObject];

/** An event that Synapse 1.163.2 judged by a room's state: null when it let it pass, otherwise status and text. */
interface Judged {
  readonly version: string;
  readonly state: readonly Written[];
  readonly event: Written;
  /** Whether only the create event is before this one. */
  readonly first: boolean;
  readonly result: readonly [status: number, text: string] | null;
}

const fixture = new URL('../../../../test/fixtures/judged-events.json', import.meta.url);
const judged = JSON.parse(readFileSync(fixture, 'utf8')) as readonly Judged[];

test('events are judged as by Synapse', () => {
  for (const { version, state, event, first, result } of judged) {
    const room = new Room(versionOf(version), state);
    const verdict = room.judge(event, first);
    const expected = result === null ? undefined : asHere(...result);
    assert.deepEqual(verdict && asHere(...verdict), expected, JSON.stringify({ version, state, event }));
  }
});

function asHere(status: number, text: string): readonly [number, string] {
  // an unknown membership is no failure of the server here; which of two levels that are too high is named depends on the
  // order of a Python set in Synapse
  return [status === 500 ? 403 : status, text.replace(/ops level (greater than|equal to) your own/, 'ops level')];
}

const alice = '@alice:hs.test';
const people = [alice, '@bob:hs.test', '@carol:hs.test', '@dave:far.test'];
const levels = [-1, 0, 25, 50, 51, 100];

const somebody = fc.constantFrom(...people);
const membershipChange = fc
  .tuple(somebody, somebody, fc.constantFrom('join', 'invite', 'leave', 'ban', 'knock'))
  .map(([sender, target, membership]): Written => ['m.room.member', sender, target, { membership }]);
const levelChange = fc
  .tuple(somebody, fc.constantFrom(...people.slice(1), 'ban', 'kick', 'users_default'), fc.constantFrom(...levels))
  .map(([sender, what, level]) => ({ sender, what, level }));
const ruleChange = fc
  .tuple(somebody, fc.constantFrom('public', 'invite', 'knock'))
  .map(([sender, rule]): Written => ['m.room.join_rules', sender, '', { join_rule: rule }]);

const act = fc.oneof({ arbitrary: membershipChange, weight: 4 }, levelChange, ruleChange);

for (const id of ['10', '11', '12']) {
  test(`nobody outgrows those above them in a room of version ${id}, and bans hold until somebody lifts them`, () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const room = Room.of(versionOf(id));
        for (const one of acts) {
          const event = 'what' in one ? room.changeOfLevels(one) : one;
          if (room.judge(event, false) !== undefined) continue;
          const before = people.map((user) => room.standingOf(user));
          room.apply(event);
          const sender = before.find(({ user }) => user === event[1]);
          assert.ok(sender);
          for (const was of before) {
            const now = room.standingOf(was.user);
            checkPower(was, now, sender);
            if (now.membership !== was.membership) checkMembership(was, now, sender, event);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
}

function checkPower(was: Standing, now: Standing, sender: Standing): void {
  if (now.power > was.power) assert.ok(now.power <= sender.power, 'power comes from those who have it');
  if (now.power < was.power) assert.ok(was.power <= sender.power, 'those above are not degraded');
}

function checkMembership(was: Standing, now: Standing, sender: Standing, [type, , target]: Written): void {
  assert.ok(type === 'm.room.member' && target === was.user, 'an event changes one member');
  const isIn = sender.membership === 'join';
  if (now.membership === 'join') assert.ok(sender === was && was.membership !== 'ban', 'nobody is made to join');
  if (was.membership === 'ban') assert.ok(now.membership === 'leave' && isIn && sender !== was, 'others lift bans');
  if (now.membership === 'ban') assert.ok(isIn && was.power < sender.power, 'only those above ban');
}

/** What somebody is in a room. */
interface Standing {
  readonly user: string;
  readonly power: number;
  readonly membership: string | undefined;
}

interface LevelChange {
  readonly sender: string;
  readonly what: string;
  readonly level: number;
}

/** The state of a room, without a homeserver around it. */
class Room {
  private readonly state = new Map<string, AuthEvent>();
  private readonly roomId: RoomId;

  constructor(
    private readonly version: RoomVersion,
    state: readonly Written[],
  ) {
    this.roomId = (version.hasCreatorPower ? `!${'A'.repeat(43)}` : '!r:x') as RoomId;
    for (const event of state) this.apply(event);
  }

  /** A room with its creator in it. */
  static of(version: RoomVersion): Room {
    const users: JsonObject = version.hasCreatorPower ? {} : { [alice]: 100 };
    return new Room(version, [
      ['m.room.create', alice, '', { creator: alice, room_version: version.id }],
      ['m.room.member', alice, alice, { membership: 'join' }],
      ['m.room.power_levels', alice, '', { users }],
      ['m.room.join_rules', alice, '', { join_rule: 'public' }],
    ]);
  }

  apply(event: Written): void {
    const [type, , stateKey] = event;
    this.state.set(`${type} ${stateKey ?? ''}`, this.eventOf(event));
  }

  /** Status and text of the refusal; undefined when there is none. */
  judge(event: Written, isFirst: boolean): [number, string] | undefined {
    const create = this.get('m.room.create', '')?.eventId ?? '';
    const toAuth: EventToAuth = {
      ...this.eventOf(event),
      roomId: this.roomId,
      prevEvents: [isFirst ? create : '$before'],
    };
    try {
      checkEventAuth(this.version, toAuth, { get: (type, stateKey) => this.get(type, stateKey) });
    } catch (error) {
      if (!(error instanceof SynapseError)) throw error;
      return [error.status, error.message.replace(/ \((<Event.*>|None)\)$/, '')];
    }
    return undefined;
  }

  standingOf(user: string): Standing {
    const levels = PowerLevels.of(this.version, { get: (type, stateKey) => this.get(type, stateKey) });
    return { user, power: levels.ofUser(user), membership: this.get('m.room.member', user)?.membership };
  }

  /** The event that gives a user or an action another level. */
  changeOfLevels({ sender, what, level }: LevelChange): Written {
    const content = this.get('m.room.power_levels', '')?.content ?? {};
    const users = content['users'] as JsonObject;
    const changed = what.startsWith('@') ? { users: { ...users, [what]: level } } : { [what]: level };
    return ['m.room.power_levels', sender, '', { ...content, ...changed }];
  }

  private get(type: string, stateKey: string): AuthEvent | undefined {
    return this.state.get(`${type} ${stateKey}`);
  }

  private eventOf([type, sender, stateKey, content]: Written): AuthEvent {
    const { membership } = content;
    return {
      eventId: `$${type}|${stateKey ?? ''}`,
      type,
      sender: sender as UserId,
      content,
      ...(stateKey !== null && { stateKey }),
      ...(type === 'm.room.member' && typeof membership === 'string' && { membership }),
    };
  }
}

function versionOf(id: string): RoomVersion {
  const version = findRoomVersion(id);
  assert.ok(version);
  return version;
}
