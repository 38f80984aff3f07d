import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsMismatch } from '../../conformance/calls.js';
import type { Case, JsonRecord } from '../../conformance/format.js';
import type { RecordedCall } from '../../conformance/puppets/theatre.js';
import { setOrderOf } from '../../conformance/set-order.js';

const edit: Case = {
  id: 'x',
  steps: [{ as: 'admin', request: ['PUT', '/_synapse/admin/v2/users/@a:b', { threepids: [] }] }],
};

function call(callback: string, args: JsonRecord, step = 0): RecordedCall {
  return { step, module: 'A', callback: `third_party_rules.${callback}`, args };
}

const added = (address: string): RecordedCall =>
  call('on_add_user_third_party_identifier', { user_id: '@a:b', medium: 'email', address });
const bound = (address: string): RecordedCall =>
  call('on_threepid_bind', { user_id: '@a:b', medium: 'email', address });
const removed = (address: string): RecordedCall =>
  call('on_remove_user_third_party_identifier', { user_id: '@a:b', medium: 'email', address });
const member = (room: string, membership: string, step = 0, who = '@a:b'): RecordedCall => {
  const event = { type: 'm.room.member', sender: '@a:b', state_key: who, room_id: room, content: { membership } };
  return call('check_event_allowed', { event }, step);
};

const fits = (test: Case, calls: readonly RecordedCall[], actual: readonly RecordedCall[]): boolean =>
  callsMismatch({ ...test, calls }, actual, new Map()) === undefined;

test('addresses that one request of an administrator edits come in any order, each with its own calls in order', () => {
  const calls = [removed('a'), removed('b'), added('c'), bound('c'), added('d'), bound('d')];
  assert.ok(fits(edit, calls, [removed('b'), removed('a'), added('d'), bound('d'), added('c'), bound('c')]));
  assert.ok(!fits(edit, calls, [removed('a'), removed('b'), bound('c'), added('c'), added('d'), bound('d')]));
  assert.ok(!fits(edit, calls, [removed('a'), added('c'), bound('c'), removed('b'), added('d'), bound('d')]));
  assert.ok(!fits(edit, calls, [removed('a'), removed('a'), added('c'), bound('c'), added('d'), bound('d')]));
});

test('addresses that come one by one keep their order', () => {
  assert.ok(!fits({ id: 'x' }, [added('a'), added('b')], [added('b'), added('a')]));
});

test('the rooms that a user leaves at once come in any order, within one step', () => {
  const calls = [member('!a', 'leave'), member('!b', 'leave'), member('!c', 'leave', 1)];
  const [a, b, c] = calls as [RecordedCall, RecordedCall, RecordedCall];
  assert.ok(fits({ id: 'x' }, calls, [b, a, c]));
  assert.ok(!fits({ id: 'x' }, calls, [a, { ...c, step: 0 }, { ...b, step: 1 }]));
  const others = [member('!a', 'invite', 0, '@c:b'), member('!b', 'invite', 0, '@c:b')];
  assert.ok(!fits({ id: 'x' }, others, others.toReversed()));
});

test('the rooms that new users join come in the order of the configuration', () => {
  const calls = [member('!a', 'join'), member('!b', 'join')];
  assert.ok(!fits({ id: 'x', server: { auto_join_rooms: ['#a:b', '#b:b'] } }, calls, calls.toReversed()));
});

test('any user of the server may vouch for a join, and addresses are listed in any order', () => {
  const value = { join_authorised_via_users_server: '@a:b', threepids: [address('y'), address('x')] };
  assert.deepEqual(setOrderOf(edit).ofValue(value), {
    join_authorised_via_users_server: '@:b',
    threepids: [address('x'), address('y')],
  });
  assert.deepEqual(setOrderOf({ id: 'x' }).ofValue(value).threepids, value.threepids);
});

function address(name: string): { readonly medium: string; readonly address: string } {
  return { medium: 'email', address: name };
}
