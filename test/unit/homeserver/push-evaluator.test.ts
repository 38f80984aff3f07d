import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluatePushRules, type PushFacts } from '../../../src/homeserver/sync/push-evaluator.js';
import { defaultPushRules } from '../../../src/homeserver/users/default-push-rules.js';
import type { RoomId, UserId } from '../../../src/matrix/ids.js';
import type { JsonObject } from '../../../src/matrix/json.js';

const alice = '@alice:hs.test' as UserId;

/** The rules that everybody has, as clients get them, with more in front. */
function rulesWith(...more: readonly (JsonObject & { readonly kind: string })[]): JsonObject {
  const global: Record<string, JsonObject[]> = {};
  const add = (rule: JsonObject & { readonly kind: string }): void => {
    (global[rule.kind] ??= []).push({ enabled: true, actions: ['notify'], ...rule });
  };
  for (const rule of more) add(rule);
  for (const { kind, ruleId, conditions, actions, isEnabled } of defaultPushRules(alice)) {
    const [condition] = conditions;
    const pattern = kind === 'content' ? { pattern: condition?.['pattern'] ?? '' } : { conditions };
    add({ kind, rule_id: ruleId, enabled: isEnabled, actions, ...pattern });
  }
  return { global };
}

function facts(content: JsonObject, more: Partial<PushFacts> = {}, type = 'm.room.message'): PushFacts {
  return {
    event: { type, content, sender: '@bob:hs.test', room_id: '!r:hs.test' },
    roomId: '!r:hs.test' as RoomId,
    sender: '@bob:hs.test',
    displayName: 'Alice A.',
    memberCount: () => 3,
    senderMayNotify: () => false,
    ...more,
  };
}

const text = (body: string): JsonObject => ({ msgtype: 'm.text', body });

test('the default rules notify of messages and highlight mentions', () => {
  for (const [name, input, expected] of [
    ['a message', facts(text('hi')), 'notified'],
    ['a notice', facts({ msgtype: 'm.notice', body: 'hi' }), 'silent'],
    ['the user name as a word', facts(text('hey ALICE!')), 'highlighted'],
    ['the user name inside a word', facts(text('malice')), 'notified'],
    ['the display name', facts(text('ask Alice A. please')), 'highlighted'],
    ['a mention', facts({ ...text('x'), 'm.mentions': { user_ids: [alice] } }), 'highlighted'],
    ['a mention of another', facts({ ...text('x'), 'm.mentions': { user_ids: ['@c:d'] } }), 'notified'],
    ['@room by anybody', facts(text('@room')), 'notified'],
    ['@room by who may', facts(text('@room'), { senderMayNotify: (key) => key === 'room' }), 'highlighted'],
    ['an edit', facts({ ...text('x'), 'm.relates_to': { rel_type: 'm.replace' } }), 'silent'],
    ['a reaction', facts({}, {}, 'm.reaction'), 'silent'],
    ['another type', facts({}, {}, 'org.example'), 'silent'],
    ['an encrypted message', facts({}, {}, 'm.room.encrypted'), 'notified'],
  ] as const) {
    const { isNotified, isHighlighted } = evaluatePushRules(rulesWith(), input);
    assert.equal(isHighlighted ? 'highlighted' : isNotified ? 'notified' : 'silent', expected, name);
  }
});

test('the first rule that matches counts, by kind and then in order', () => {
  const silent = (kind: string, ruleId: string) => ({ kind, rule_id: ruleId, actions: [], conditions: [] });
  const isNotified = (rule: JsonObject & { readonly kind: string }): boolean =>
    evaluatePushRules(rulesWith(rule), facts(text('hi'))).isNotified;
  assert.equal(isNotified(silent('room', '!r:hs.test')), false);
  assert.equal(isNotified(silent('room', '!other:hs.test')), true);
  assert.equal(isNotified(silent('sender', '@bob:hs.test')), false);
  assert.equal(isNotified(silent('override', 'all')), false);
  assert.equal(isNotified({ ...silent('override', 'all'), enabled: false }), true);
});

test('conditions mean what the specification says', () => {
  const matches = (
    condition: JsonObject,
    content: JsonObject = text('a.b c'),
    more: Partial<PushFacts> = {},
  ): boolean =>
    evaluatePushRules(
      { global: { override: [{ rule_id: 'x', enabled: true, actions: ['notify'], conditions: [condition] }] } },
      facts(content, more),
    ).isNotified;
  for (const [condition, expected] of [
    [{ kind: 'event_match', key: 'content.body', pattern: 'a?b' }, true],
    [{ kind: 'event_match', key: 'content.body', pattern: 'a*c' }, true],
    [{ kind: 'event_match', key: 'content.body', pattern: 'C' }, true],
    [{ kind: 'event_match', key: 'content.msgtype', pattern: 'm.te*' }, true],
    [{ kind: 'event_match', key: 'content.msgtype', pattern: 'te' }, false],
    [{ kind: 'event_match', key: 'content.nope', pattern: '*' }, false],
    [{ kind: 'event_property_is', key: 'content.msgtype', value: 'm.text' }, true],
    [{ kind: 'event_property_is', key: 'content.msgtype', value: null }, false],
    [{ kind: 'room_member_count', is: '3' }, true],
    [{ kind: 'room_member_count', is: '==3' }, true],
    [{ kind: 'room_member_count', is: '<3' }, false],
    [{ kind: 'room_member_count', is: '>=3' }, true],
    [{ kind: 'room_member_count', is: 'three' }, false],
    [{ kind: 'org.example.unknown' }, false],
    [{}, false],
  ] as const) {
    assert.equal(matches(condition), expected, JSON.stringify(condition));
  }
  const dotted = { kind: 'event_property_is', key: 'content.a\\.b.c', value: 1 };
  assert.equal(matches(dotted, { 'a.b': { c: 1 } }), true);
  assert.equal(matches(dotted, { a: { b: { c: 1 } } }), false);
});
