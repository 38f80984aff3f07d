import { domainOf, type UserId } from '../../matrix/ids.js';
import { type JsonObject, type JsonValue, stringsOf } from '../../matrix/json.js';
import { globMatches } from '../rooms/model/server-acl.js';

/** What a user wants done with an invite: an ignored one goes through, but `/sync` does not show it. */
export type InviteRule = 'allow' | 'block' | 'ignore';

const rules: readonly InviteRule[] = ['allow', 'ignore', 'block'];
const lists: Readonly<Record<InviteRule, string>> = { allow: 'allowed', ignore: 'ignored', block: 'blocked' };

/** The rule of `m.invite_permission_config` (MSC4380): all invites or none. */
export function blanketInviteRule(config: JsonObject): InviteRule {
  return config['default_action'] === 'block' ? 'block' : 'allow';
}

/** The rule of `org.matrix.msc4155.invite_permission_config`: by user, then by server. */
export function inviteRuleFor(config: JsonObject, inviter: UserId): InviteRule {
  const subjects = [
    ['users', inviter],
    ['servers', domainOf(inviter)],
  ] as const;
  for (const [kind, subject] of subjects) {
    const rule = rules.find((each) =>
      globsOf(config[`${lists[each]}_${kind}`]).some((glob) => globMatches(glob, subject)),
    );
    if (rule !== undefined) return rule;
  }
  return 'allow';
}

/** Patterns longer than a user ID can be are passed over: they could be made to cost much. */
function globsOf(value: JsonValue | undefined): readonly string[] {
  return stringsOf(value).filter((glob) => glob !== '' && glob.length <= 255);
}
