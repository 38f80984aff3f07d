import type { HomeserverConfig } from '../../../config/homeserver/homeserver-config.js';
import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../matrix/json.js';
import type { RoomVersion } from '../model/room-version.js';

/** What a preset gives a new room (`handlers/room.py: _presets_dict`). */
export interface RoomPreset {
  readonly joinRule: 'invite' | 'public';
  readonly historyVisibility: 'shared';
  /** The invited get the creator's power. */
  readonly trustsInvited: boolean;
  readonly letsGuestsIn: boolean;
  readonly powerLevels: JsonObject;
}

const presets: Readonly<Record<string, RoomPreset>> = {
  private_chat: {
    joinRule: 'invite',
    historyVisibility: 'shared',
    trustsInvited: false,
    letsGuestsIn: true,
    powerLevels: { invite: 0 },
  },
  trusted_private_chat: {
    joinRule: 'invite',
    historyVisibility: 'shared',
    trustsInvited: true,
    letsGuestsIn: true,
    powerLevels: { invite: 0 },
  },
  public_chat: {
    joinRule: 'public',
    historyVisibility: 'shared',
    trustsInvited: false,
    letsGuestsIn: false,
    powerLevels: { events: { 'm.call.invite': 50 } },
  },
};

/** A preset by its name, or undefined. */
export function findPreset(name: string): RoomPreset | undefined {
  return Object.hasOwn(presets, name) ? presets[name] : undefined;
}

/** Whether rooms of a preset are encrypted without being asked for it. */
export function isEncryptedByDefault(config: HomeserverConfig, preset: string): boolean {
  const which = config.encryptionEnabledByDefaultForRoomType;
  return which === 'all' || (which === 'invite' && preset !== 'public_chat');
}

/** What the power levels of a new room are made from. */
export interface PowerLevelWishes {
  readonly version: RoomVersion;
  readonly creator: string;
  readonly presetName: string;
  readonly preset: RoomPreset;
  readonly invited: readonly string[];
  /** `power_level_content_override` of the request. */
  readonly override: JsonObject | undefined;
}

/** The power levels of a new room. */
export function powerLevelsFor(config: HomeserverConfig, wishes: PowerLevelWishes): JsonObject {
  const { version, creator, preset, presetName, override } = wishes;
  const users: Record<string, number> = version.hasCreatorPower ? {} : { [creator]: 100 };
  if (preset.trustsInvited && !version.hasCreatorPower) for (const userId of wishes.invited) users[userId] = 100;
  const content: JsonObject = {
    users,
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': version.hasCreatorPower ? 150 : 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: 50,
    historical: 100,
  };
  const configured = config.defaultPowerLevelContentOverride[presetName] ?? {};
  return { ...deepMerge(content, preset.powerLevels), ...(configured as JsonObject), ...override };
}

function deepMerge(into: JsonObject, from: JsonObject): JsonObject {
  const merged: Record<string, JsonValue | undefined> = { ...into };
  for (const [key, value] of Object.entries(from)) {
    const before = merged[key];
    merged[key] = isJsonObject(before) && isJsonObject(value) ? deepMerge(before, value) : value;
  }
  return merged;
}

/** The preset of a name, or 400. */
export function presetOf(name: string): RoomPreset {
  const preset = findPreset(name);
  if (preset === undefined) throw new SynapseError(400, `'${name}' is not a valid preset`, Codes.BAD_JSON);
  return preset;
}
