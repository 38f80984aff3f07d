import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, type JsonObject } from '../../../matrix/json.js';
import { AuthError } from '../../parity/synapse-errors.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { type AuthEvent, type AuthState, own, type PowerLevels, toLevel } from '../model/power-levels.js';
import type { RoomVersion } from '../model/room-version.js';

const namedLevels = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];

/** Refuses a change of power levels by somebody who has less power than they give or take (`event_auth.py: _check_power_levels`). */
export function checkPowerLevelsChange(
  version: RoomVersion,
  event: AuthEvent,
  state: AuthState,
  levels: PowerLevels,
): void {
  const users = memberObject(event.content, 'users');
  for (const [userId, level] of Object.entries(users)) {
    if (!/^@[^:]*:/.test(userId)) throw new SynapseError(400, `Not a valid user_id: ${userId}`);
    toLevel(level ?? null);
  }
  if (version.hasCreatorPower) checkNamesNoCreator(users, state.get('m.room.create', ''));
  if (version.needsIntegerPower) checkIntegers(event.content);
  const before = state.get('m.room.power_levels', '')?.content;
  if (before !== undefined) checkDifferences(version, event, before, levels.ofUser(event.sender));
}

function checkNamesNoCreator(users: JsonObject, create: AuthEvent | undefined): void {
  if (create === undefined) {
    throw new SynapseError(400, 'Cannot check power levels without a create event in auth_events');
  }
  if (Object.hasOwn(users, create.sender)) {
    throw new SynapseError(400, `Creator user ${create.sender} must not appear in content.users`);
  }
  const additional = create.content['additional_creators'];
  if (Array.isArray(additional) && additional.some((userId) => Object.hasOwn(users, String(userId)))) {
    throw new SynapseError(400, 'Additional creators users must not appear in content.users');
  }
}

function checkIntegers(content: JsonObject): void {
  for (const [key, value] of Object.entries(content)) {
    if (namedLevels.includes(key) && !Number.isInteger(value)) {
      throw new SynapseError(400, `${pythonRepr(value ?? null)} must be an integer.`);
    }
    if (!['events', 'notifications', 'users'].includes(key)) continue;
    if (!isJsonObject(value) || !Object.values(value).every(Number.isInteger)) {
      throw new SynapseError(400, `${pythonRepr(value ?? null)} must be a dict wherein all the values are integers.`);
    }
  }
}

function checkDifferences(version: RoomVersion, event: AuthEvent, before: JsonObject, power: number): void {
  const after = event.content;
  for (const name of namedLevels) checkDifference(before, after, name, power);
  const groups = version.guardsNotifications ? ['users', 'events', 'notifications'] : ['users', 'events'];
  for (const group of groups) {
    const old = memberObject(before, group);
    const changed = memberObject(after, group);
    for (const key of new Set([...Object.keys(old), ...Object.keys(changed)])) {
      checkDifference(old, changed, key, power, group === 'users' && key !== event.sender);
    }
  }
}

function checkDifference(before: JsonObject, after: JsonObject, key: string, power: number, isOther = false): void {
  const old = levelIn(before, key);
  const changed = levelIn(after, key);
  if (old !== undefined && old === changed) return;
  if (isOther && old === power) {
    throw new AuthError(403, "You don't have permission to remove ops level equal to your own");
  }
  if ((old ?? -Infinity) > power || (changed ?? -Infinity) > power) {
    throw new AuthError(403, "You don't have permission to add ops level greater than your own");
  }
}

function levelIn(from: JsonObject, key: string): number | undefined {
  const value = own(from, key);
  return value === undefined ? undefined : toLevel(value);
}

function memberObject(content: JsonObject, key: string): JsonObject {
  const value = own(content, key);
  return isJsonObject(value) ? value : {};
}
