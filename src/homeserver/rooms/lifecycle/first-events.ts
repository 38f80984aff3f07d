import type { HomeserverConfig } from '../../../config/homeserver/homeserver-config.js';
import type { RoomAlias, UserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { RoomEvent } from '../model/room-event.js';
import { isEncryptedByDefault, powerLevelsFor, type RoomPreset } from './room-presets.js';
import type { RoomVersion } from '../model/room-version.js';

/** A state event that a room begins with. */
export interface InitialState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

/** What the first events of a room are made from. */
export interface FirstEvents {
  readonly version: RoomVersion;
  readonly presetName: string;
  readonly creationContent: JsonObject;
  readonly initialState: readonly InitialState[];
  readonly invited: readonly UserId[];
  readonly powerLevels?: JsonObject | undefined;
  readonly alias?: RoomAlias | undefined;
  readonly name?: JsonValue | undefined;
  readonly topic?: JsonValue | undefined;
  /** The create event, when it was built already (room version 12 on). */
  readonly createEvent?: RoomEvent;
  readonly joinProfile?: JsonObject;
  readonly ignoreForcedEncryption?: boolean;
}

/** The state of a new room after create and join, in Synapse's order (`handlers/room.py: _send_events_for_new_room`). */
export function stateAfterJoin(
  config: HomeserverConfig,
  creator: UserId,
  first: FirstEvents,
  preset: RoomPreset,
): InitialState[] {
  // Of several events with one type and state key the last counts, in the place of the first.
  const given = new Map(first.initialState.map((event) => [keyOf(event.type, event.stateKey), event]));
  const power = given.get(keyOf('m.room.power_levels'));
  given.delete(keyOf('m.room.power_levels'));
  const defaults: readonly (InitialState | undefined)[] = [
    first.alias === undefined ? undefined : state('m.room.canonical_alias', { alias: first.alias }),
    state('m.room.join_rules', { join_rule: preset.joinRule }),
    state('m.room.history_visibility', { history_visibility: preset.historyVisibility }),
    preset.letsGuestsIn ? state('m.room.guest_access', { guest_access: 'can_join' }) : undefined,
  ];
  return [
    power ?? powerEvent(config, creator, first, preset),
    ...defaults.filter((event) => event !== undefined).filter((event) => !given.has(keyOf(event.type))),
    ...given.values(),
    ...encryptionEvents(config, first, given.get(keyOf('m.room.encryption'))),
    ...(first.name === undefined ? [] : [state('m.room.name', { name: first.name })]),
    ...(first.topic === undefined ? [] : [topicEvent(first.topic)]),
  ];
}

function powerEvent(config: HomeserverConfig, creator: UserId, first: FirstEvents, preset: RoomPreset): InitialState {
  const { version, presetName, invited, powerLevels: override } = first;
  const wishes = { version, creator, presetName, preset, invited, override };
  return state('m.room.power_levels', powerLevelsFor(config, wishes));
}

function encryptionEvents(
  config: HomeserverConfig,
  first: FirstEvents,
  given: InitialState | undefined,
): InitialState[] {
  if (first.ignoreForcedEncryption === true || !isEncryptedByDefault(config, first.presetName)) return [];
  if (typeof given?.content['algorithm'] === 'string') return [];
  return [state('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' })];
}

function topicEvent(topic: JsonValue): InitialState {
  return state('m.room.topic', { topic, 'm.topic': { 'm.text': [{ body: topic }] } });
}

function state(type: string, content: JsonObject): InitialState {
  return { type, stateKey: '', content };
}

function keyOf(type: string, stateKey = ''): string {
  return JSON.stringify([type, stateKey]);
}
