import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findRule } from '../../../src/callbacks/registry.js';
import type { When } from '../../../src/callbacks/when.js';
import { subjectOf } from '../../../src/dispatch/subject.js';
import { compileWhen, type Filter } from '../../../src/dispatch/when.js';
import type { MatrixEvent } from '../../../src/matrix/event.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { JsonObject } from '../../../src/matrix/json.js';
import { sampleEvent } from '../../support/sample-event.js';

const isLocal = (userId: unknown): boolean => String(userId).endsWith(':here');

function compile(
  when: unknown,
  callback = 'spam_checker.check_event_for_spam',
): { filter: Filter; problems: string[] } {
  const problems: string[] = [];
  const [category = '', name = ''] = callback.split('.');
  const subject = subjectOf(findRule(category, name)?.args ?? []);
  const filter = compileWhen(when, subject, isLocal, (problem) => problems.push(problem));
  return { filter, problems };
}

function passes(when: unknown, event: Partial<MatrixEvent>): boolean {
  const { filter, problems } = compile(when);
  assert.deepEqual(problems, []);
  return filter([sampleEvent(event)]);
}

describe('when', () => {
  const deep: JsonObject = { a: { 'b.c': [1], n: null, t: true, x: 1.5 }, 'd\\': 'e', list: ['x'] };
  const table: readonly (readonly [when: When, event: Partial<MatrixEvent>, result: boolean])[] = [
    [{}, {}, true],
    [{ type: 'm.room.message' }, {}, true],
    [{ type: 'm.room.message' }, { type: 'm.room.message ' }, false],
    [{ type: ['a', 'b'] }, { type: 'b' }, true],
    [{ type: ['a', 'b'] }, { type: 'c' }, false],
    [{ type: { not: 'a' } }, { type: 'a' }, false],
    [{ type: { not: ['a', 'b'] } }, { type: 'c' }, true],
    [{ type: { not: { not: 'a' } } }, { type: 'a' }, true],
    [{ type: { glob: 'm.room.*' } }, {}, true],
    [{ type: { glob: 'm.room' } }, {}, false],
    [{ type: { glob: '*' } }, { type: '' }, true],
    [{ type: { glob: '?' } }, { type: '' }, false],
    [{ type: { glob: '??' } }, { type: '\u{1F600}a' }, true],
    [{ type: { glob: ['x', 'm.*.message'] } }, {}, true],
    [{ type: { glob: 'a.c' } }, { type: 'abc' }, false],
    [{ type: { prefix: 'm.' } }, {}, true],
    [{ type: { prefix: ['x.', 'y.'] } }, {}, false],
    [{ state_key: '' }, {}, false],
    [{ state_key: '' }, { stateKey: '' }, true],
    [{ state_key: { exists: true } }, { stateKey: '' }, true],
    [{ state_key: { exists: true } }, {}, false],
    [{ state_key: { exists: false } }, {}, true],
    [{ state_key: { not: 'x' } }, {}, true],
    [{ state_key: { glob: '*' } }, {}, false],
    [{ sender: { local: true } }, {}, true],
    [{ sender: { local: true } }, { sender: '@a:there' as UserId }, false],
    [{ sender: { local: false } }, { sender: '@a:there' as UserId }, true],
    [{ sender: { not: { local: true } } }, {}, false],
    [{ room_id: '!room:here' }, {}, true],
    [{ room_id: { prefix: '!x' } }, { roomId: '!x:y' as RoomId }, true],
    [{ 'content.msgtype': ['m.text', 'm.notice'] }, {}, true],
    [{ 'content.msgtype': 'm.image' }, {}, false],
    [{ 'content.nothing': { not: 'x' } }, {}, true],
    [{ 'content.a.b\\.c': { exists: true } }, { content: deep }, true],
    [{ 'content.a.b.c': { exists: true } }, { content: deep }, false],
    [{ 'content.d\\\\': 'e' }, { content: deep }, true],
    [{ 'content.a.n': null }, { content: deep }, true],
    [{ 'content.a.n': null }, {}, false],
    [{ 'content.a.t': true, 'content.a.x': 1.5 }, { content: deep }, true],
    [{ 'content.a.t': 'true' }, { content: deep }, false],
    [{ 'content.a': { exists: true } }, { content: deep }, true],
    [{ 'content.list.0': { exists: true } }, { content: deep }, false],
    [{ 'content.constructor': { exists: true } }, {}, false],
    [{ 'content.__proto__.x': { exists: true } }, {}, false],
    [{ type: 'm.room.message', not: { 'content.msgtype': 'm.text' } }, {}, false],
    [{ not: [{ type: 'a' }, { type: 'b' }] }, {}, true],
    [{ not: [{ type: 'a' }, { type: 'm.room.message' }] }, {}, false],
    [{ not: { type: 'm.room.message', room_id: '!other:here' } }, {}, true],
  ];
  for (const [when, event, result] of table) {
    it(`${JSON.stringify(when)} ${result ? 'takes' : 'leaves'} ${JSON.stringify(event)}`, () => {
      assert.equal(passes(when, event), result);
    });
  }

  it('tests the arguments of callbacks that get no event', () => {
    const { filter, problems } = compile(
      { type: 'm.room.topic', sender: { local: true }, state_key: '', 'content.topic': { prefix: 'x' } },
      'spam_checker.user_may_send_state_event',
    );
    assert.deepEqual(problems, []);
    assert.equal(filter(['@a:here', '!r:here', 'm.room.topic', '', { topic: 'xy' }]), true);
    assert.equal(filter(['@a:there', '!r:here', 'm.room.topic', '', { topic: 'xy' }]), false);
  });

  it('finds the sender where a requester is passed', () => {
    const { filter } = compile({ sender: { local: true } }, 'third_party_rules.on_create_room');
    assert.equal(filter([{ userId: '@a:here' }, {}, false]), true);
    assert.equal(filter([{ userId: '@a:there' }, {}, false]), false);
  });

  const mistakes: readonly (readonly [when: unknown, problems: readonly string[], callback?: string])[] = [
    ['m.room.message', ['when must be an object of tests']],
    [{ tpye: 'x' }, ['when has no test "tpye". Did you mean "type"?']],
    [{ stateKey: 'x' }, ['when has no test "stateKey". Did you mean "state_key"?']],
    [{ type: [] }, ['when.type: an empty list lets nothing through']],
    [{ type: [{}] }, ['when.type must be a text, a number, a boolean, null, a list of these, or a test']],
    [{ type: {} }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ type: { glob: 'a', prefix: 'b' } }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ type: { local: true } }, ['when.type must have exactly one of glob, prefix, not, exists']],
    [{ sender: { lokal: true } }, ['when.sender must have exactly one of glob, prefix, not, exists, local']],
    [{ sender: { local: 1 } }, ['when.sender.local must be true or false']],
    [{ type: { glob: [] } }, ['when.type.glob must be a text or a list of texts']],
    [{ type: { prefix: 1 } }, ['when.type.prefix must be a text or a list of texts']],
    [
      { not: { x: 1 }, type: { exists: 'no' } },
      ['when.not has no test "x".', 'when.type.exists must be true or false'],
    ],
    [
      { type: 'x' },
      ['when.type: this callback is not told a type that could be tested'],
      'spam_checker.user_may_invite',
    ],
    [
      { 'content.x': 1 },
      ['when.content.x: this callback is not told a content that could be tested'],
      'spam_checker.user_may_invite',
    ],
  ];
  for (const [when, expected, callback] of mistakes) {
    it(`refuses ${JSON.stringify(when)}`, () => {
      assert.deepEqual(compile(when, callback).problems, expected);
    });
  }
});

describe('when, for any values,', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', '\u{1F600}'), maxLength: 8 });
  const globRegExp = (glob: string): RegExp => {
    const parts = Array.from(glob, (c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[.\\+^$()[\]{}|]/, '\\$&')));
    return new RegExp(`^${parts.join('')}$`, 'su');
  };

  it('a glob takes what the regular expression takes', () => {
    fc.assert(
      fc.property(text, text, (glob, value) => {
        assert.equal(passes({ type: { glob } }, { type: value }), globRegExp(glob).test(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('a test and its negation never agree', () => {
    const test = fc.oneof(
      text,
      fc.array(text, { minLength: 1 }),
      fc.record({ glob: text }),
      fc.record({ prefix: text }),
      fc.record({ exists: fc.boolean() }),
    );
    fc.assert(
      fc.property(test, fc.option(text, { nil: undefined }), (one, value) => {
        const event = value === undefined ? {} : { stateKey: value };
        const result = passes({ state_key: one }, event);
        assert.equal(passes({ state_key: { not: one } }, event), !result);
        assert.equal(passes({ not: { state_key: one } }, event), !result);
      }),
    );
  });

  it('a path finds a member however its names are written', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '.', '\\', 'é'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), fc.integer(), (names, value) => {
        const content = names.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as JsonObject;
        const path = names.map((key) => key.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).join('.');
        assert.equal(passes({ [`content.${path}`]: value }, { content }), true);
      }),
    );
  });

  it('no glob takes long', () => {
    const type = 'a'.repeat(5000);
    const start = performance.now();
    assert.equal(passes({ type: { glob: `${'*a'.repeat(50)}b` } }, { type }), false);
    assert.ok(performance.now() - start < 1000);
  });

  it('nonsense is refused or compiled, never thrown at', () => {
    fc.assert(
      fc.property(fc.anything(), (when) => {
        compile(when);
      }),
    );
  });
});
