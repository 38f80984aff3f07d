import { HostError } from '../errors/host-error.js';
import { Codes } from '../errors/matrix-codes.js';
import { SynapseError } from '../errors/synapse-error.js';
import type { MatrixEvent, StateMap } from '../matrix/event.js';
import type { RoomId, UserId } from '../matrix/ids.js';
import { isJsonObject, type JsonObject, type MutableJsonObject } from '../matrix/json.js';
import { jsonFault } from '../matrix/json-fault.js';
import type { Requester } from '../matrix/requester.js';
import { type Tuple, tuple } from '../matrix/tuple.js';
import { refusesOnFalse } from './boolean-gate.js';
import { pairOf } from './iteration.js';
import { notification } from './notification.js';
import type { ProfileInfo } from './profile-info.js';
import { type CombinationRules, NEXT, rule } from './rule.js';
import { loggedAsError, loggedAsWarning } from './throws.js';

/**
 * An event to send in place of another, as JSON. Made from `event.getDict()`; a copy of the `MatrixEvent` itself has other
 * names (`roomId` for `room_id`) and methods, and neither compiles nor is sent.
 *
 * @example
 * ```ts
 * import { type MatrixEvent, type ReplacementEvent } from 'vesicle';
 * const empty = (event: MatrixEvent): ReplacementEvent => ({ ...event.getDict(), content: {} });
 * ```
 */
export type ReplacementEvent = (JsonObject | MutableJsonObject) & { readonly [name in OwnName]?: never };

/** What a `MatrixEvent` has that the JSON of an event has not. */
type OwnName = Exclude<
  keyof MatrixEvent,
  'type' | 'sender' | 'content' | 'redacts' | 'membership' | 'depth' | 'unsigned'
>;

/**
 * What `check_event_allowed` answers: whether the event is allowed, and the event to send in its place or null.
 *
 * @example
 * ```ts
 * import { type EventAllowed, type MatrixEvent } from 'vesicle';
 * const shout = (event: MatrixEvent): EventAllowed => [true, { ...event.getDict(), content: { body: 'HEY', msgtype: 'm.text' } }];
 * ```
 */
export type EventAllowed =
  | readonly [allowed: boolean, replacement: ReplacementEvent | null]
  | Tuple<readonly [boolean, ReplacementEvent | null]>;

/** The combined answer of `check_event_allowed`. */
export interface EventDecision {
  readonly allowed: boolean;
  readonly replacement: JsonObject | null;
}

/**
 * Callbacks of the category `third_party_rules`.
 *
 * @example
 * ```ts
 * import { type ThirdPartyRulesCallbacks } from 'vesicle';
 * const callbacks: Partial<ThirdPartyRulesCallbacks> = { check_event_allowed: async () => [true, null] };
 * ```
 */
export interface ThirdPartyRulesCallbacks {
  /** Asked for every event that this server builds; may refuse it or replace it. */
  readonly check_event_allowed: (event: MatrixEvent, stateEvents: StateMap) => Promise<EventAllowed>;
  /** Told of each room creation first of all; `config` is the live request body, changes count. A throw refuses. */
  readonly on_create_room: (
    requester: Requester,
    config: MutableJsonObject,
    isRequesterAdmin: boolean,
  ) => Promise<void>;
  /** Asked before an address is invited; `false` refuses. */
  readonly check_threepid_can_be_invited: (medium: string, address: string, stateEvents: StateMap) => Promise<boolean>;
  /** Asked before a room becomes public, and for each new room; `false` refuses. */
  readonly check_visibility_can_be_modified: (
    roomId: RoomId,
    stateEvents: StateMap,
    newVisibility: 'public' | 'private',
  ) => Promise<boolean>;
  /** Told of each stored event, with the room's current state. */
  readonly on_new_event: (event: MatrixEvent, stateEvents: StateMap) => Promise<void>;
  /** Asked before a room is shut down; `userId` is null when a module does it. `false` refuses. */
  readonly check_can_shutdown_room: (userId: UserId | null, roomId: RoomId) => Promise<boolean>;
  /** Asked before an account is deactivated; `false` refuses. */
  readonly check_can_deactivate_user: (userId: UserId, byAdmin: boolean) => Promise<boolean>;
  /** Told of each change of a profile. */
  readonly on_profile_update: (
    userId: UserId,
    newProfile: ProfileInfo,
    byAdmin: boolean,
    deactivation: boolean,
  ) => Promise<void>;
  /** Told after an account was deactivated or reactivated. */
  readonly on_user_deactivation_status_changed: (
    userId: UserId,
    deactivated: boolean,
    byAdmin: boolean,
  ) => Promise<void>;
  /** Deprecated twin of `on_add_user_third_party_identifier`, called after it. */
  readonly on_threepid_bind: (userId: UserId, medium: string, address: string) => Promise<void>;
  /** Told after an address was added to an account. */
  readonly on_add_user_third_party_identifier: (userId: UserId, medium: string, address: string) => Promise<void>;
  /** Told after an address was removed from an account. */
  readonly on_remove_user_third_party_identifier: (userId: UserId, medium: string, address: string) => Promise<void>;
}

type Handlers = ThirdPartyRulesCallbacks;

/** Names of a `MatrixEvent`, and what the JSON of an event has instead. */
const ownNames: Readonly<Record<OwnName, string>> = {
  eventId: 'event_id',
  roomId: 'room_id',
  originServerTs: 'origin_server_ts',
  stateKey: 'state_key',
  roomVersion: 'nothing',
  isState: 'nothing',
  getDict: 'nothing',
};

function replacementFault(replacement: JsonObject): string | undefined {
  const name = Object.keys(ownNames).find((own) => Object.hasOwn(replacement, own));
  if (name === undefined) return jsonFault(replacement);
  const copy = 'Copy event.getDict(), not the event: [true, { ...event.getDict(), content }]';
  return `it has ${name}, where the JSON of an event has ${ownNames[name as OwnName]}. ${copy}`;
}

/** How the answers of `third_party_rules` combine (`module_api/callbacks/third_party_event_rules_callbacks.py`). */
export const thirdPartyRulesRules = {
  check_event_allowed: rule<Handlers['check_event_allowed'], EventDecision>({
    combine: 'first_replacement',
    args: { event: 'event', state_events: 'state' },
    result: 'event_decision',
    neutral: () => ({ allowed: true, replacement: null }),
    neutralAnswer: () => tuple(true, null),
    judge: (answer) => {
      const [allowed, replacement] = pairOf(answer);
      if (allowed === false) return { allowed: false, replacement: null };
      if (!isJsonObject(replacement)) return NEXT;
      const fault = replacementFault(replacement);
      if (fault !== undefined) throw new TypeError(`The event to send in its place cannot be sent: ${fault}`);
      return { allowed: true, replacement };
    },
    throws: {
      kind: 'becomes',
      error: (cause) =>
        new HostError('ModuleFailedException', 'Failed to run `check_event_allowed` module API callback', { cause }),
      keepsSynapseError: true,
    },
    refusal: () => ({ allowed: false, replacement: null }),
    isRefusal: (decision) => !decision.allowed,
    summary: 'May this event be sent, as it is or replaced?',
    source: 'handlers/message.py: create_new_client_event',
  }),
  on_create_room: notification<Handlers['on_create_room']>({
    args: { requester: 'requester', config: 'live_json', is_requester_admin: 'json' },
    throws: {
      kind: 'becomes',
      error: (cause) =>
        new SynapseError(403, 'Room creation forbidden with these parameters', Codes.UNKNOWN, {}, {}, { cause }),
      keepsSynapseError: true,
    },
    summary: 'A room is about to be created; the request may be changed, or refused by a throw.',
    source: 'handlers/room.py: create_room',
  }),
  check_threepid_can_be_invited: refusesOnFalse<Handlers['check_threepid_can_be_invited']>({
    args: { medium: 'json', address: 'json', state_events: 'state' },
    throws: loggedAsWarning,
    summary: 'May this address be invited into the room?',
    source: 'handlers/room_member.py: do_3pid_invite',
  }),
  check_visibility_can_be_modified: refusesOnFalse<Handlers['check_visibility_can_be_modified']>({
    args: { room_id: 'json', state_events: 'state', new_visibility: 'json' },
    throws: loggedAsWarning,
    summary: 'May the room have this visibility in the directory?',
    source: 'handlers/room.py: create_room; handlers/directory.py: edit_published_room_list',
  }),
  on_new_event: notification<Handlers['on_new_event']>({
    args: { event: 'event', state_events: 'state' },
    throws: loggedAsError,
    summary: 'An event was stored.',
    source: 'notifier.py: notify_new_room_events',
  }),
  check_can_shutdown_room: refusesOnFalse<Handlers['check_can_shutdown_room']>({
    args: { user_id: 'json', room_id: 'json' },
    throws: loggedAsError,
    summary: 'May this room be shut down?',
    source: 'rest/admin/rooms.py; handlers/room.py: shutdown_room',
  }),
  check_can_deactivate_user: refusesOnFalse<Handlers['check_can_deactivate_user']>({
    args: { user_id: 'json', by_admin: 'json' },
    throws: loggedAsError,
    summary: 'May this account be deactivated?',
    source: 'handlers/deactivate_account.py: deactivate_account',
  }),
  on_profile_update: notification<Handlers['on_profile_update']>({
    args: { user_id: 'json', new_profile: 'profile', by_admin: 'json', deactivation: 'json' },
    throws: loggedAsError,
    summary: 'A profile was changed.',
    source: 'handlers/profile.py: set_displayname, set_avatar_url',
  }),
  on_user_deactivation_status_changed: notification<Handlers['on_user_deactivation_status_changed']>({
    args: { user_id: 'json', deactivated: 'json', by_admin: 'json' },
    throws: loggedAsError,
    summary: 'An account was deactivated or reactivated.',
    source: 'handlers/deactivate_account.py',
  }),
  on_threepid_bind: notification<Handlers['on_threepid_bind']>({
    args: { user_id: 'json', medium: 'json', address: 'json' },
    throws: loggedAsError,
    summary: 'An address was added to an account (deprecated name).',
    source: 'handlers/auth.py: add_threepid',
  }),
  on_add_user_third_party_identifier: notification<Handlers['on_add_user_third_party_identifier']>({
    args: { user_id: 'json', medium: 'json', address: 'json' },
    throws: loggedAsError,
    summary: 'An address was added to an account.',
    source: 'handlers/auth.py: add_threepid',
  }),
  on_remove_user_third_party_identifier: notification<Handlers['on_remove_user_third_party_identifier']>({
    args: { user_id: 'json', medium: 'json', address: 'json' },
    throws: loggedAsError,
    summary: 'An address was removed from an account.',
    source: 'handlers/auth.py: delete_local_threepid',
  }),
} satisfies CombinationRules<ThirdPartyRulesCallbacks>;
