import type { Code } from '../errors/matrix-codes.js';
import type { JsonObject } from '../matrix/json.js';
import type { MatrixEvent } from '../matrix/event.js';
import type { RoomAlias, RoomId, UserId } from '../matrix/ids.js';
import type { MediaFile, MediaFileInfo } from './media-file.js';
import { type AnyHandler, type CombinationRules, NEXT, type Row, rule, type Rule } from './rule.js';
import {
  forbidden,
  judgeEventVerdict,
  NOT_SPAM,
  spamGate,
  type SpamOutcome,
  type SpamVerdict,
} from './spam-verdict.js';
import { propagates } from './throws.js';
import { isTruthy } from './truthiness.js';

/**
 * What happens to a registration (`synapse.spam_checker_api.RegistrationBehaviour`).
 *
 * @example
 * ```ts
 * import { RegistrationBehaviour } from 'vesicle';
 * const answer = RegistrationBehaviour.SHADOW_BAN;
 * ```
 */
export class RegistrationBehaviour {
  static readonly ALLOW: RegistrationBehaviour = new RegistrationBehaviour('ALLOW');
  static readonly SHADOW_BAN: RegistrationBehaviour = new RegistrationBehaviour('SHADOW_BAN');
  static readonly DENY: RegistrationBehaviour = new RegistrationBehaviour('DENY');

  private constructor(readonly name: 'ALLOW' | 'SHADOW_BAN' | 'DENY') {}
}

/**
 * User agent (null when the client sent none) and IP address of a request.
 *
 * @example
 * ```ts
 * import { type RequestInfo } from 'vesicle';
 * const isCurl = (info: RequestInfo) => info.some(([userAgent]) => userAgent?.startsWith('curl/') === true);
 * ```
 */
export type RequestInfo = readonly (readonly [userAgent: string | null, ip: string])[];

/**
 * A user as the user directory shows it.
 *
 * @example
 * ```ts
 * import { type UserProfile } from 'vesicle';
 * const isUnnamed = (profile: UserProfile) => profile.display_name === null;
 * ```
 */
export interface UserProfile {
  readonly user_id: UserId;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

/**
 * Callbacks of the category `spam_checker`.
 *
 * @example
 * ```ts
 * import { NOT_SPAM, type SpamCheckerCallbacks } from 'vesicle';
 * const callbacks: Partial<SpamCheckerCallbacks> = { user_may_join_room: async () => NOT_SPAM };
 * ```
 */
export interface SpamCheckerCallbacks {
  /** Asked for every event but memberships of local users and the first events of a room. A text is the error shown. */
  readonly check_event_for_spam: (event: MatrixEvent) => Promise<SpamVerdict | string>;
  /** Whether to drop an event received over federation without a trace. */
  readonly should_drop_federated_event: (event: MatrixEvent) => Promise<boolean | string>;
  /** Asked before a user joins a room; `isInvited` when an invite is pending. Not asked for server admins. */
  readonly user_may_join_room: (userId: UserId, roomId: RoomId, isInvited: boolean) => Promise<SpamVerdict>;
  /** Asked before a user invites another. Not asked for server admins. */
  readonly user_may_invite: (inviter: UserId, invitee: UserId, roomId: RoomId) => Promise<SpamVerdict>;
  /** Asked before an invite from another server is accepted. */
  readonly federated_user_may_invite: (event: MatrixEvent) => Promise<SpamVerdict>;
  /** Asked before an address without a Matrix ID is invited. */
  readonly user_may_send_3pid_invite: (
    inviter: UserId,
    medium: string,
    address: string,
    roomId: RoomId,
  ) => Promise<SpamVerdict>;
  /** Asked before a room is created; `roomConfig` is a copy of the request body. */
  readonly user_may_create_room: (userId: UserId, roomConfig: JsonObject) => Promise<SpamVerdict>;
  /** Asked before a room alias is created. */
  readonly user_may_create_room_alias: (userId: UserId, roomAlias: RoomAlias) => Promise<SpamVerdict>;
  /** Asked before a room enters or leaves the room directory. */
  readonly user_may_publish_room: (userId: UserId, roomId: RoomId) => Promise<SpamVerdict>;
  /** Asked for each state event sent by `PUT .../state/...`. Takes no further fields. */
  readonly user_may_send_state_event: (
    userId: UserId,
    roomId: RoomId,
    eventType: string,
    stateKey: string,
    content: JsonObject,
  ) => Promise<typeof NOT_SPAM | Code>;
  /** Whether to leave a user out of search results. */
  readonly check_username_for_spam: (userProfile: UserProfile, requesterId: UserId) => Promise<boolean>;
  /** Asked before an account is made. */
  readonly check_registration_for_spam: (
    emailThreepid: JsonObject | null,
    username: string | null,
    requestInfo: RequestInfo,
    authProviderId: string | null,
  ) => Promise<RegistrationBehaviour>;
  /** Asked for each stored file, thumbnails included. */
  readonly check_media_file_for_spam: (file: MediaFile, fileInfo: MediaFileInfo) => Promise<SpamVerdict>;
  /** Asked after the credentials of a login were found right. */
  readonly check_login_for_spam: (
    userId: UserId,
    deviceId: string | null,
    initialDisplayName: string | null,
    requestInfo: RequestInfo,
    authProviderId: string | null,
  ) => Promise<SpamVerdict>;
}

type Handlers = SpamCheckerCallbacks;

/** How the answers of `spam_checker` combine (`module_api/callbacks/spamchecker_callbacks.py`). */
export const spamCheckerRules = {
  check_event_for_spam: rule<Handlers['check_event_for_spam'], SpamOutcome>({
    combine: 'first_refusal',
    args: { event: 'event' },
    result: 'spam',
    neutral: () => NOT_SPAM,
    judge: judgeEventVerdict,
    throws: propagates,
    refusal: () => forbidden,
    summary: 'Is this event spam? Local events are refused with 403; federated ones are redacted and soft-failed.',
    source:
      'handlers/message.py: _create_and_send_nonmember_event_locked; federation/federation_base.py: _check_sigs_and_hash',
  }),
  should_drop_federated_event: refusesOnTruth<Handlers['should_drop_federated_event']>({
    args: { event: 'event' },
    summary: 'Should this federated event be dropped without a trace?',
    source: 'federation/federation_server.py: _handle_received_pdu, on_invite_request',
  }),
  user_may_join_room: spamGate<Handlers['user_may_join_room']>({
    args: { user_id: 'json', room_id: 'json', is_invited: 'json' },
    accepts: true,
    summary: 'May this user join this room?',
    source: 'handlers/room_member.py: update_membership_locked',
  }),
  user_may_invite: spamGate<Handlers['user_may_invite']>({
    args: { inviter: 'json', invitee: 'json', room_id: 'json' },
    accepts: true,
    summary: 'May this user invite that user into this room?',
    source: 'handlers/room_member.py: update_membership_locked',
  }),
  federated_user_may_invite: spamGate<Handlers['federated_user_may_invite']>({
    args: { event: 'event' },
    accepts: true,
    summary: 'May this invite from another server come in?',
    source: 'handlers/federation.py: on_invite_request',
  }),
  user_may_send_3pid_invite: spamGate<Handlers['user_may_send_3pid_invite']>({
    args: { inviter: 'json', medium: 'json', address: 'json', room_id: 'json' },
    accepts: true,
    summary: 'May this user invite this address, which has no Matrix ID?',
    source: 'handlers/room_member.py: do_3pid_invite',
  }),
  user_may_create_room: spamGate<Handlers['user_may_create_room']>({
    args: { user_id: 'json', room_config: 'json' },
    accepts: true,
    copied: ['room_config'],
    summary: 'May this user create this room?',
    source: 'handlers/room.py: create_room, clone_existing_room',
  }),
  user_may_create_room_alias: spamGate<Handlers['user_may_create_room_alias']>({
    args: { user_id: 'json', room_alias: 'json' },
    accepts: true,
    summary: 'May this user create this alias?',
    source: 'handlers/directory.py: create_association',
  }),
  user_may_publish_room: spamGate<Handlers['user_may_publish_room']>({
    args: { user_id: 'json', room_id: 'json' },
    accepts: true,
    summary: 'May this user change whether the room is in the directory?',
    source: 'handlers/directory.py: edit_published_room_list',
  }),
  user_may_send_state_event: spamGate<Handlers['user_may_send_state_event']>({
    args: { user_id: 'json', room_id: 'json', event_type: 'json', state_key: 'json', content: 'json' },
    takesNoFields: true,
    copied: ['content'],
    summary: 'May this user send this state event?',
    source: 'rest/client/room.py: RoomStateEventRestServlet.on_PUT',
  }),
  check_username_for_spam: refusesOnTruth<Handlers['check_username_for_spam']>({
    args: { user_profile: 'json', requester_id: 'json' },
    copied: ['user_profile'],
    summary: 'Should this user be left out of search results?',
    source: 'handlers/user_directory.py: search_users',
  }),
  check_registration_for_spam: rule<Handlers['check_registration_for_spam'], RegistrationBehaviour>({
    combine: 'first_refusal',
    args: { email_threepid: 'json', username: 'json', request_info: 'json', auth_provider_id: 'json' },
    result: 'registration',
    neutral: () => RegistrationBehaviour.ALLOW,
    judge: (answer) => {
      // Synapse asserts the type: an answer that is no RegistrationBehaviour is a 500.
      if (!(answer instanceof RegistrationBehaviour)) throw new TypeError('the answer is no RegistrationBehaviour');
      return answer === RegistrationBehaviour.ALLOW ? NEXT : answer;
    },
    throws: propagates,
    refusal: () => RegistrationBehaviour.DENY,
    summary: 'May this account be made, or made shadow-banned?',
    source: 'handlers/register.py: register_user',
  }),
  check_media_file_for_spam: spamGate<Handlers['check_media_file_for_spam']>({
    args: { file_wrapper: 'media_file', file_info: 'media_info' },
    accepts: false,
    summary: 'Is this file spam?',
    source: 'media/media_storage.py: store_into_file',
  }),
  check_login_for_spam: spamGate<Handlers['check_login_for_spam']>({
    args: {
      user_id: 'json',
      device_id: 'json',
      initial_display_name: 'json',
      request_info: 'json',
      auth_provider_id: 'json',
    },
    summary: 'May this login, whose credentials are right, go on?',
    source: 'rest/client/login.py: _complete_login',
  }),
} satisfies CombinationRules<SpamCheckerCallbacks>;

/** The first truthy answer is the result, as it is; false when there is none. */
function refusesOnTruth<Handler extends AnyHandler>(row: Row<Handler>): Rule<Handler, unknown> {
  return {
    ...row,
    combine: 'first_refusal',
    result: 'truth',
    neutral: () => false,
    judge: (answer) => (isTruthy(answer) ? answer : NEXT),
    throws: propagates,
    refusal: () => true,
  };
}
