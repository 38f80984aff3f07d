import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsMismatch } from '../../conformance/calls.js';
import { differenceFor } from '../../conformance/differences.js';
import type { Case, JsonRecord } from '../../conformance/format.js';
import type { RecordedCall } from '../../conformance/puppets/theatre.js';

const call = (step: number, callback: string, args: JsonRecord = {}): RecordedCall => ({
  step,
  module: 'A',
  callback,
  args,
});

function problem(test: Partial<Case>, calls: readonly RecordedCall[]): string | undefined {
  return callsMismatch({ id: 'x', ...test }, calls, new Map([['alice', '@a:b']]));
}

test('exact calls are complete, in order, and in their step', () => {
  const calls = [call(0, 'c.one', { user: '{alice}' }), call(1, 'c.two')];
  assert.equal(problem({ calls }, [call(0, 'c.one', { user: '@a:b', more: 1 }), call(1, 'c.two')]), undefined);
  assert.match(problem({ calls }, [call(0, 'c.one', { user: '@a:b' })]) ?? '', /expected 2, got 1/);
  assert.match(problem({ calls }, [call(1, 'c.two'), call(0, 'c.one')]) ?? '', /calls\[0\]/);
  assert.match(problem({ calls }, [call(0, 'c.one', { user: '@a:b' }), call(0, 'c.two')]) ?? '', /calls\[1\].step/);
});

test('calls that a host makes behind the rest of a step keep their step, and their order where one task makes them', () => {
  const told = (step: number, event: JsonRecord): RecordedCall => call(step, 'told', { event });
  const state = (type: string, step = 0): RecordedCall => told(step, { type, room_id: '!a' });
  const [one, two, last] = [call(0, 'c.one'), call(0, 'c.two'), call(1, 'c.one')];
  const [first, second] = [state('m.room.name'), state('m.room.topic')];
  const [member, other] = [
    told(0, { type: 'm.room.member', room_id: '!a' }),
    told(0, { type: 'm.room.name', room_id: '!b' }),
  ];
  const calls = [one, first, second, two, member, other, last];
  const problemOf = (...actual: readonly RecordedCall[]): string | undefined =>
    callsMismatch({ id: 'x', calls }, actual, new Map(), ['told']);
  assert.equal(problemOf(one, two, first, second, member, other, last), undefined);
  assert.equal(problemOf(other, one, first, member, two, second, last), undefined);
  assert.match(problemOf(one, two, second, first, member, other, last) ?? '', /calls\[2\]/);
  assert.match(problemOf(two, one, first, second, member, other, last) ?? '', /calls\[0\]/);
  assert.match(problemOf(one, two, first, member, other, last, state('m.room.topic', 1)) ?? '', /step/);
  assert.match(problemOf(one, two, first, second, member, last) ?? '', /lacking/);
});

test('a module that is told behind may see what came into the room meanwhile', () => {
  const told = (...state: readonly string[]): RecordedCall =>
    call(0, 'told', { event: { type: 'a' }, state_events: { $state: state.map((type) => [type, '']) } });
  const problemOf = (expected: RecordedCall, actual: RecordedCall, toldBehind: readonly string[]): string | undefined =>
    callsMismatch({ id: 'x', calls: [expected] }, [actual], new Map(), toldBehind);
  assert.equal(problemOf(told('a'), told('a', 'b'), ['told']), undefined);
  assert.match(problemOf(told('a', 'b'), told('a'), ['told']) ?? '', /does not contain/);
  assert.match(problemOf(told('a'), told('a', 'b'), []) ?? '', /state_events/);
});

test('a module is not told of an event before it was asked about that very event', () => {
  const asked = call(0, 'third_party_rules.check_event_allowed', { event: { type: 'a' } });
  const told = call(0, 'told', { event: { type: 'a' } });
  const other = call(0, 'told', { event: { type: 'b' } });
  const problemOf = (calls: readonly RecordedCall[], actual: readonly RecordedCall[]): string | undefined =>
    callsMismatch({ id: 'x', calls }, actual, new Map(), ['told']);
  assert.match(problemOf([asked, told], [told, asked]) ?? '', /came before third_party_rules.check_event_allowed/);
  assert.equal(problemOf([asked, other], [other, asked]), undefined);
});

test('distinct calls count once, whatever their order and step', () => {
  const spec = { calls: [call(0, 'c.one'), call(0, 'c.two', { n: 1 })], calls_match: 'distinct' } as const;
  assert.equal(problem(spec, [call(3, 'c.two', { n: 1 }), call(1, 'c.one'), call(2, 'c.one')]), undefined);
  assert.match(problem(spec, [call(0, 'c.one')]) ?? '', /none like/);
  assert.match(problem(spec, [...spec.calls, call(0, 'c.two', { n: 2 })]) ?? '', /not expected/);
});

test('ignored calls, and those that calls_of leaves out, are not compared', () => {
  assert.equal(problem({ calls: [], calls_match: 'ignore' }, [call(0, 'c.one')]), undefined);
  assert.equal(
    problem({ calls: [call(0, 'c.one')], calls_of: ['c.one'] }, [call(0, 'c.two'), call(0, 'c.one')]),
    undefined,
  );
});

test('contents of create and power level events and the size of thumbnails are left out', () => {
  const event = { type: 'm.room.create', sender: '@a:b', room_id: '!r' };
  const info = { server_name: null, thumbnail: { width: 1 } };
  const calls = [call(0, 'c.one', { event: { $exact: event } }), call(0, 'c.two', { file_info: { $exact: info } })];
  const actual = [
    call(0, 'c.one', { event: { ...event, content: {} } }),
    call(0, 'c.two', { file_info: { ...info, thumbnail: { width: 1, length: 2 } } }),
  ];
  assert.equal(problem({ calls }, actual), undefined);
});

test('a difference names a case or, with stars, several', () => {
  const rows = [{ case: 'a/*/c', host: 'embedded', reason: 'r' }];
  assert.equal(differenceFor('a/b/c', rows), rows[0]);
  assert.equal(differenceFor('a/b/cd', rows), undefined);
  assert.equal(differenceFor('xa/b/c', rows), undefined);
});
