import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { domainOf, type RoomId } from '../../../matrix/ids.js';
import { isJsonArray, isJsonObject, type JsonValue, stringsOf } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { AuthError, UnstableSpecAuthError } from '../../parity/synapse-errors.js';
import { checkMembershipChange } from './membership-auth.js';
import { type AuthEvent, type AuthState, own, PowerLevels } from '../model/power-levels.js';
import { checkPowerLevelsChange } from './power-levels-auth.js';
import { findRoomVersion, type RoomVersion } from '../model/room-version.js';

/** An event before it is accepted. */
export interface EventToAuth extends AuthEvent {
  readonly roomId: RoomId;
  readonly prevEvents: readonly string[];
}

/**
 * Refuses an event that the room's state does not allow (`event_auth.py`, the rules of the room version in the
 * specification): {@link AuthError} 403 with Synapse's texts, 400 for nonsense in power levels. Pure.
 */
export function checkEventAuth(version: RoomVersion, event: EventToAuth, state: AuthState): void {
  if (event.type === 'm.room.create') {
    checkCreate(version, event);
    return;
  }
  const create = state.get('m.room.create', '');
  if (create === undefined) throw new AuthError(403, 'No create event in auth events');
  if (domainOf(create.sender) !== domainOf(event.sender)) checkFederates(create);
  if (event.type === 'm.room.aliases' && version.hasAliasesRule) {
    checkAliases(event);
    return;
  }
  const levels = PowerLevels.of(version, state);
  if (event.type === 'm.room.member') {
    checkMembershipChange(version, event, state, levels);
    return;
  }
  checkJoined(state.get('m.room.member', event.sender), event.sender, event.roomId);
  if (event.type === 'm.room.third_party_invite') {
    if (levels.ofUser(event.sender) >= levels.named('invite', 0)) return;
    throw new UnstableSpecAuthError("You don't have permission to invite users", Codes.INSUFFICIENT_POWER);
  }
  checkMaySend(event, levels);
  if (event.type === 'm.room.power_levels') checkPowerLevelsChange(version, event, state, levels);
  if (event.type === 'm.room.redaction') redactionNeedsSameSender(version, event, levels);
}

/**
 * Whether a redaction is allowed only if its sender sent the target too. Room versions 1 and 2 compare servers instead, and
 * refuse at once.
 */
export function redactionNeedsSameSender(
  version: RoomVersion,
  event: AuthEvent & { readonly redacts?: string },
  levels: PowerLevels,
): boolean {
  if (levels.ofUser(event.sender) >= levels.named('redact', 50)) return false;
  if (version.eventFormat !== 1) return true;
  if (event.redacts !== undefined && serverIn(event.redacts) === serverIn(event.eventId)) return true;
  throw new AuthError(403, "You don't have permission to redact events");
}

/** The types and keys of the state that an event is judged by, in the order in which its `auth_events` list them. */
export function authTypesFor(
  version: RoomVersion,
  event: Pick<AuthEvent, 'type' | 'sender' | 'stateKey' | 'content'>,
): readonly (readonly [string, string])[] {
  if (event.type === 'm.room.create') return [];
  const types: [string, string][] = [
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
    ['m.room.member', event.sender],
  ];
  return event.type === 'm.room.member' ? [...types, ...memberAuthTypes(version, event)] : types;
}

function memberAuthTypes(
  version: RoomVersion,
  event: Pick<AuthEvent, 'sender' | 'stateKey' | 'content'>,
): [string, string][] {
  const types: [string, string][] = [];
  const { membership } = event.content;
  if (membership === 'join' || membership === 'invite' || membership === 'knock') types.push(['m.room.join_rules', '']);
  if (event.stateKey !== undefined && event.stateKey !== event.sender) types.push(['m.room.member', event.stateKey]);
  const token = membership === 'invite' ? inviteToken(event.content['third_party_invite']) : undefined;
  if (token !== undefined) types.push(['m.room.third_party_invite', token]);
  const authoriser = event.content['join_authorised_via_users_server'];
  if (version.allowsRestricted && membership === 'join' && typeof authoriser === 'string') {
    types.push(['m.room.member', authoriser]);
  }
  return types;
}

/** Refuses when the user of this member event is not joined. */
export function checkJoined(member: AuthEvent | undefined, userId: string, roomId: RoomId): void {
  if (member?.membership === 'join') return;
  throw new AuthError(403, `User ${userId} not in room ${roomId} (${describe(member)})`);
}

/** Refuses users of other servers in rooms that are for one server only. */
export function checkFederates(create: AuthEvent): void {
  const federates = own(create.content, 'm.federate') ?? true;
  if (federates !== true) throw new AuthError(403, 'This room has been marked as unfederatable.');
}

/** Refuses a list of creators that is none; 400, from `/createRoom` and `/upgrade` alike. */
export function checkAdditionalCreators(creators: JsonValue | undefined): readonly string[] {
  if (!isJsonArray(creators)) throw new AuthError(400, 'additional_creators must be an array');
  for (const entry of creators) {
    if (typeof entry !== 'string') throw new AuthError(400, 'entry in additional_creators is not a string');
    if (!/^@[^:]*:[0-9a-zA-Z.:[\]-]+$/.test(entry)) {
      throw new AuthError(400, 'entry in additional_creators is not a valid user ID');
    }
    if (Buffer.byteLength(entry) > 255) throw new AuthError(400, 'entry in additional_creators too long');
  }
  return stringsOf(creators);
}

/** A member event as Python prints it. */
function describe(member: AuthEvent | undefined): string {
  if (member === undefined) return 'None';
  const { eventId, type, stateKey, membership } = member;
  return `<Event event_id=${eventId}, type=${type}, state_key=${stateKey ?? ''}, membership=${membership ?? ''}>`;
}

function checkCreate(version: RoomVersion, event: EventToAuth): void {
  if (event.prevEvents.length > 0) throw new AuthError(403, 'Create event has prev events');
  if (!version.hasCreatorPower && domainOf(event.roomId) !== domainOf(event.sender)) {
    throw new AuthError(403, "Creation event's room_id domain does not match sender's");
  }
  const id = own(event.content, 'room_version') ?? '1';
  if (findRoomVersion(id) === undefined) {
    throw new AuthError(
      403,
      `room appears to have unsupported version ${typeof id === 'string' ? id : JSON.stringify(id)}`,
    );
  }
  if (!version.isUpdated && !Object.hasOwn(event.content, 'creator')) {
    throw new AuthError(403, "Create event lacks a 'creator' property");
  }
  if (version.hasCreatorPower && Object.hasOwn(event.content, 'additional_creators')) {
    checkAdditionalCreators(event.content['additional_creators']);
  }
}

function checkAliases(event: EventToAuth): void {
  if (event.stateKey === undefined) throw new AuthError(403, 'Alias event must be a state event');
  if (event.stateKey === '') throw new AuthError(403, 'Alias event must have non-empty state_key');
  if (event.stateKey === domainOf(event.sender)) return;
  throw new AuthError(403, "Alias event's state_key does not match sender's domain");
}

function checkMaySend(event: EventToAuth, levels: PowerLevels): void {
  const needed = levels.toSend(event.type, event.stateKey !== undefined);
  const has = levels.ofUser(event.sender);
  if (has < needed) {
    throw new UnstableSpecAuthError(
      `You don't have permission to post that to the room. user_level (${has}) < send_level (${needed})`,
      Codes.INSUFFICIENT_POWER,
    );
  }
  if (event.stateKey?.startsWith('@') === true && event.stateKey !== event.sender) {
    throw new AuthError(403, 'You are not allowed to set others state');
  }
}

function inviteToken(invite: JsonValue | undefined): string | undefined {
  if (!isJsonObject(invite) || !isJsonObject(invite['signed'])) return undefined;
  const { token } = invite['signed'];
  return typeof token === 'string' ? token : undefined;
}

function serverIn(eventId: string): string {
  const colon = eventId.indexOf(':');
  if (colon < 0) throw new SynapseError(400, `Invalid ID: ${pythonRepr(eventId)}`);
  return eventId.slice(colon + 1);
}
