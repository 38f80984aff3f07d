import { Codes } from '../../../errors/matrix-codes.js';
import { domainOf, isOnServer } from '../../../matrix/ids.js';
import { isJsonObject, itemsOf, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { AuthError, UnstableSpecAuthError } from '../../parity/synapse-errors.js';
import { checkFederates, checkJoined, type EventToAuth } from './event-auth.js';
import { type AuthEvent, type AuthState, own, type PowerLevels } from '../model/power-levels.js';
import type { RoomVersion } from '../model/room-version.js';
import { isSignedBy } from '../model/signing-key.js';

/** What a membership change is judged by. */
interface Change {
  readonly version: RoomVersion;
  readonly event: EventToAuth;
  readonly state: AuthState;
  readonly levels: PowerLevels;
  readonly target: string;
  readonly joinRule: JsonValue;
  readonly isSelf: boolean;
  /** The sender's membership now. */
  readonly caller: string | undefined;
  readonly callerPower: number;
  /** The target's membership now. */
  readonly before: string | undefined;
}

/** Refuses a membership that the room's state does not allow (`event_auth.py: _is_membership_change_allowed`). */
export function checkMembershipChange(
  version: RoomVersion,
  event: EventToAuth,
  state: AuthState,
  levels: PowerLevels,
): void {
  const create = state.get('m.room.create', '');
  const target = event.stateKey ?? '';
  if (create === undefined) throw new AuthError(403, 'Create event missing from auth_events');
  if (isFirstJoin(version, event, create)) return;
  if (!isOnServer(target, domainOf(create.sender))) checkFederates(create);
  const change: Change = {
    version,
    event,
    state,
    levels,
    target,
    joinRule: state.get('m.room.join_rules', '')?.content['join_rule'] ?? 'invite',
    isSelf: target === event.sender,
    caller: state.get('m.room.member', event.sender)?.membership,
    callerPower: levels.ofUser(event.sender),
    before: state.get('m.room.member', target)?.membership,
  };
  checkChange(change);
}

function checkChange(change: Change): void {
  const { event } = change;
  const { membership } = event.content;
  if (membership === 'invite' && Object.hasOwn(event.content, 'third_party_invite')) checkThirdPartyInvite(change);
  else if (membership === 'join') checkJoin(change);
  else if (membership === 'knock') checkKnock(change);
  else if (!isWithdrawal(change)) checkByMember(change);
}

/** Whether somebody who was invited or knocked goes away again. */
function isWithdrawal({ version, event, caller, isSelf }: Change): boolean {
  const mayWithdraw = caller === 'invite' || (caller === 'knock' && version.allowsKnock);
  return mayWithdraw && isSelf && event.content['membership'] === 'leave';
}

/** What only those can do who are in the room. */
function checkByMember(change: Change): void {
  const { event, caller } = change;
  const membership = event.content['membership'];
  if (caller !== 'join') {
    throw new UnstableSpecAuthError(`${event.sender} not in room ${event.roomId}.`, Codes.NOT_JOINED);
  }
  if (membership === 'invite') checkInvite(change);
  else if (membership === 'leave') checkLeave(change);
  else if (membership === 'ban') checkBan(change);
  else throw unknownMembership(membership);
}

function isFirstJoin(version: RoomVersion, event: EventToAuth, create: AuthEvent): boolean {
  const isSecondEvent = event.prevEvents.length === 1 && event.prevEvents[0] === create.eventId;
  const creator = version.isUpdated ? create.sender : create.content['creator'];
  return isSecondEvent && event.content['membership'] === 'join' && creator === event.stateKey;
}

function checkInvite({ before, target, callerPower, levels }: Change): void {
  if (before === 'ban') throw new AuthError(403, `${target} is banned from the room`);
  if (before === 'join') throw new UnstableSpecAuthError(`${target} is already in the room.`, Codes.ALREADY_JOINED);
  if (callerPower < levels.named('invite', 0))
    throw new UnstableSpecAuthError("You don't have permission to invite users", Codes.INSUFFICIENT_POWER);
}

function checkJoin(change: Change): void {
  const { version, before, joinRule, isSelf, caller } = change;
  if (!isSelf) throw new AuthError(403, 'Cannot force another user to join.');
  if (before === 'ban') throw new AuthError(403, 'You are banned from this room');
  if (joinRule === 'public') return;
  const isIn = caller === 'join' || caller === 'invite';
  if (isRestricted(version, joinRule)) {
    if (!isIn) checkAuthorised(change);
    return;
  }
  if (joinRule !== 'invite' && !(version.allowsKnock && joinRule === 'knock')) {
    throw new AuthError(403, 'You are not allowed to join this room');
  }
  if (!isIn) throw new AuthError(403, 'You are not invited to this room.');
}

/** Whether membership of another room may open this one. */
export function isRestricted(version: RoomVersion, joinRule: unknown): boolean {
  return (
    (version.allowsRestricted && joinRule === 'restricted') ||
    (version.allowsKnockRestricted && joinRule === 'knock_restricted')
  );
}

function checkAuthorised({ event, state, levels }: Change): void {
  const authoriser = own(event.content, 'join_authorised_via_users_server');
  if (typeof authoriser !== 'string') throw new AuthError(403, 'Join event is missing authorising user.');
  checkJoined(state.get('m.room.member', authoriser), authoriser, event.roomId);
  if (levels.ofUser(authoriser) < levels.named('invite', 0)) {
    throw new AuthError(403, 'Join event authorised by invalid server.');
  }
}

function checkLeave({ before, target, isSelf, callerPower, levels }: Change): void {
  if (before === 'ban' && callerPower < levels.named('ban', 50)) {
    throw new UnstableSpecAuthError(`You cannot unban user ${target}.`, Codes.INSUFFICIENT_POWER);
  }
  if (isSelf) return;
  if (callerPower < levels.named('kick', 50) || callerPower <= levels.ofUser(target)) {
    throw new UnstableSpecAuthError(`You cannot kick user ${target}.`, Codes.INSUFFICIENT_POWER);
  }
}

function checkBan({ callerPower, levels, target }: Change): void {
  if (callerPower < levels.named('ban', 50))
    throw new UnstableSpecAuthError("You don't have permission to ban", Codes.INSUFFICIENT_POWER);
  if (callerPower <= levels.ofUser(target))
    throw new UnstableSpecAuthError("You don't have permission to ban this user", Codes.INSUFFICIENT_POWER);
}

function checkKnock({ version, joinRule, isSelf, before, caller }: Change): void {
  if (!version.allowsKnock) throw unknownMembership('knock');
  if (joinRule !== 'knock' && !(version.allowsKnockRestricted && joinRule === 'knock_restricted')) {
    throw new AuthError(403, "You don't have permission to knock");
  }
  if (!isSelf) throw new AuthError(403, 'You cannot knock for other users');
  if (before === 'join')
    throw new UnstableSpecAuthError('You cannot knock on a room you are already in', Codes.ALREADY_JOINED);
  if (caller === 'invite') throw new AuthError(403, 'You are already invited to this room');
  if (before === 'ban') throw new AuthError(403, 'You are banned from this room');
}

function unknownMembership(membership: JsonValue | undefined): AuthError {
  const name = typeof membership === 'string' ? membership : pythonRepr(membership ?? null);
  return new AuthError(500, `Unknown membership ${name}`);
}

function checkThirdPartyInvite(change: Change): void {
  if (!isThirdPartyInvite(change)) throw new AuthError(403, 'You are not invited to this room.');
  if (change.before === 'ban') throw new AuthError(403, `${change.target} is banned from the room`);
}

/** Whether an identity server signed that the invited address is this user's (`event_auth.py: _verify_third_party_invite`). */
function isThirdPartyInvite({ event, state, target }: Change): boolean {
  const invite = event.content['third_party_invite'];
  const signed = isJsonObject(invite) ? invite['signed'] : undefined;
  if (!isJsonObject(signed) || typeof signed['token'] !== 'string' || !isJsonObject(signed['signatures'])) return false;
  const original = state.get('m.room.third_party_invite', signed['token']);
  if (original?.sender !== event.sender || signed['mxid'] !== target) return false;
  const signatures = Object.entries(signed['signatures']);
  return publicKeysOf(original.content).some(({ publicKey }) =>
    signatures.some(
      ([server, block]) =>
        isJsonObject(block) &&
        Object.keys(block).some(
          (keyId) => keyId.startsWith('ed25519:') && isSignedBy(signed, server, keyId, publicKey),
        ),
    ),
  );
}

/** A key that may have signed for an invite by address, and where to ask whether it still counts. */
export interface InviteKey {
  readonly publicKey: string;
  readonly validityUrl?: string;
}

/** The keys in the content of `m.room.third_party_invite`. */
export function publicKeysOf(content: JsonObject): readonly InviteKey[] {
  const listed = itemsOf(content['public_keys']);
  return [content, ...listed.filter(isJsonObject)].flatMap((entry) => {
    const { public_key: publicKey, key_validity_url: validityUrl } = entry;
    if (typeof publicKey !== 'string') return [];
    return [{ publicKey, ...(typeof validityUrl === 'string' && { validityUrl }) }];
  });
}
