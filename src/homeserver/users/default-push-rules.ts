import { localpartOf, type UserId } from '../../matrix/ids.js';
import type { JsonObject } from '../../matrix/json.js';

/** The kinds of push rules, by how they are matched. */
export type PushRuleKind = 'override' | 'content' | 'room' | 'sender' | 'underride';

/** A push action: `notify` and the like, or a tweak. */
export type PushAction = string | JsonObject;

/** A rule that everybody has. */
export interface DefaultPushRule {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly conditions: readonly JsonObject[];
  readonly actions: readonly PushAction[];
  readonly isEnabled: boolean;
}

const highlight: PushAction = { set_tweak: 'highlight' };
const noHighlight: PushAction = { set_tweak: 'highlight', value: false };
const sound = (value: string): PushAction => ({ set_tweak: 'sound', value });
const matches = (key: string, pattern: string): JsonObject => ({ kind: 'event_match', key, pattern });
const ofTwo: JsonObject = { kind: 'room_member_count', is: '2' };
const mayNotifyRoom: JsonObject = { kind: 'sender_notification_permission', key: 'room' };

/**
 * The rules of a user who has set none, in the order of matching within each kind
 * (https://spec.matrix.org/v1.15/client-server-api/#predefined-rules, and Synapse's own).
 */
export function defaultPushRules(userId: UserId): readonly DefaultPushRule[] {
  const override = ruleOf('override');
  const underride = ruleOf('underride');
  const isMember = matches('type', 'm.room.member');
  return [
    { ...override('.m.rule.master', [], []), isEnabled: false },
    override('.m.rule.suppress_notices', [matches('content.msgtype', 'm.notice')], []),
    override(
      '.m.rule.invite_for_me',
      [isMember, matches('content.membership', 'invite'), matches('state_key', userId)],
      ['notify', noHighlight, sound('default')],
    ),
    override('.m.rule.member_event', [isMember], []),
    override(
      '.m.rule.is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId }],
      ['notify', highlight, sound('default')],
    ),
    override(
      '.m.rule.contains_display_name',
      [{ kind: 'contains_display_name' }],
      ['notify', highlight, sound('default')],
    ),
    override(
      '.m.rule.is_room_mention',
      [{ kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true }, mayNotifyRoom],
      ['notify', highlight],
    ),
    override('.m.rule.roomnotif', [mayNotifyRoom, matches('content.body', '@room')], ['notify', highlight]),
    override(
      '.m.rule.tombstone',
      [matches('type', 'm.room.tombstone'), matches('state_key', '')],
      ['notify', highlight],
    ),
    override('.m.rule.reaction', [matches('type', 'm.reaction')], []),
    override('.m.rule.room.server_acl', [matches('type', 'm.room.server_acl'), matches('state_key', '')], []),
    override(
      '.m.rule.suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ),
    ruleOf('content')(
      '.m.rule.contains_user_name',
      [matches('content.body', localpartOf(userId))],
      ['notify', highlight, sound('default')],
    ),
    underride('.m.rule.call', [matches('type', 'm.call.invite')], ['notify', sound('ring'), noHighlight]),
    underride(
      '.m.rule.encrypted_room_one_to_one',
      [matches('type', 'm.room.encrypted'), ofTwo],
      ['notify', sound('default'), noHighlight],
    ),
    underride(
      '.m.rule.room_one_to_one',
      [matches('type', 'm.room.message'), ofTwo],
      ['notify', sound('default'), noHighlight],
    ),
    underride('.m.rule.message', [matches('type', 'm.room.message')], ['notify', noHighlight]),
    underride('.m.rule.encrypted', [matches('type', 'm.room.encrypted')], ['notify', noHighlight]),
    underride(
      '.im.vector.jitsi',
      [matches('type', 'im.vector.modular.widgets'), matches('content.type', 'jitsi'), matches('state_key', '*')],
      ['notify', noHighlight],
    ),
  ];
}

function ruleOf(
  kind: PushRuleKind,
): (ruleId: string, conditions: readonly JsonObject[], actions: readonly PushAction[]) => DefaultPushRule {
  return (ruleId, conditions, actions) => ({ kind, ruleId, conditions, actions, isEnabled: true });
}
