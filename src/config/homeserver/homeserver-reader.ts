import { resolve } from 'node:path';
import { HomeserverConfig, homeserverSettings, unusedSettings } from './homeserver-config.js';
import { ignoredKeys } from './ignored-keys.js';
import { TemplatesConfig } from './homeserver-sections.js';
import type { JsonSchema } from '../values/json-schema.js';
import type { ConfigCursor } from '../values/config-cursor.js';
import {
  anyMapping,
  boolean,
  isMapping,
  type Mapping,
  type Reader,
  refined,
  string,
  warnIgnoredKey,
} from '../values/readers.js';
import { membersOf, type SettingOptions } from '../values/settings.js';
import { snakeCase } from '../values/snake-case.js';
import type { FileReader } from '../yaml/secrets.js';

type Settings = Partial<HomeserverConfig>;

/** Synapse's older spellings of settings, which win over the newer ones. */
const otherKeys: Readonly<Record<string, Reader<Settings>>> = {
  database_path: refined(string, (databasePath) => ({ databasePath })),
  disable_registration: refined(boolean, (isDisabled) => ({ enableRegistration: !isDisabled })),
  restrict_public_rooms_to_local_users: refined(boolean, (isRestricted) =>
    isRestricted ? { allowPublicRoomsWithoutAuth: false, allowPublicRoomsOverFederation: false } : {},
  ),
};

/** The property of each secret that may stand in a file, by the key that names the file. */
const secretKeys = new Map(propertiesWith('mayBeFile').map((property) => [`${snakeCase(property)}_path`, property]));

function propertiesWith(option: 'mayBeFile' | 'isPath'): readonly string[] {
  const all = Object.entries<SettingOptions>(homeserverSettings);
  return all.filter(([, options]) => options[option] === true).map(([property]) => property);
}

const readSettings = membersOf(homeserverSettings, {
  ignored: ignoredKeys,
  alsoKnown: [...Object.keys(otherKeys), ...secretKeys.keys(), 'use_presence', 'modules'],
});

/** What editors are told of everything but `modules`. */
export const homeserverSchema: JsonSchema = {
  ...readSettings.schema,
  properties: {
    ...readSettings.schema?.properties,
    ...Object.fromEntries(Object.entries(otherKeys).map(([key, { schema = {} }]) => [key, schema])),
    use_presence: { type: 'boolean' },
    ...Object.fromEntries([...secretKeys.keys()].map((key) => [key, { type: 'string' }])),
  },
};

/** What is not in the configuration itself. */
export interface HomeserverReaderOptions {
  /** Relative paths start here. */
  readonly directory: string;
  readonly files: FileReader;
}

/** Reads everything but `modules`. */
export function readHomeserver(
  value: unknown,
  place: ConfigCursor,
  options: HomeserverReaderOptions,
): HomeserverConfig {
  // An empty file is a server with all defaults; of one that is no YAML everything has been said.
  const all = value === null || value === undefined ? {} : (anyMapping(value, place) ?? {});
  const plain: Record<string, unknown> = {};
  const others: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(all)) {
    const other = readOtherKey(key, member, { place, all, options });
    if (other === undefined) plain[key] = member;
    else Object.assign(others, other);
  }
  if ('use_presence' in all) plain['presence'] = presenceOf(all, place);
  const settings = { ...readSettings(plain, place), ...others };
  for (const key of [...unusedSettings].map((property) => snakeCase(property))) {
    if (key in all) warnIgnoredKey(place.at(key));
  }
  checkTogether(new HomeserverConfig(settings), place, all);
  return new HomeserverConfig(resolvePaths(settings, options.directory));
}

interface Context {
  readonly place: ConfigCursor;
  readonly all: Mapping;
  readonly options: HomeserverReaderOptions;
}

/** The settings of a key that is not named like one; undefined for any other key. */
function readOtherKey(key: string, value: unknown, { place, all, options }: Context): Settings | null | undefined {
  if (key === 'modules' || key === 'use_presence') return null;
  if (Object.hasOwn(otherKeys, key)) return value === null ? null : (otherKeys[key]?.(value, place.at(key)) ?? null);
  const secret = secretKeys.get(key);
  if (secret === undefined) return undefined;
  const text = readSecretFile(key, value, place, all, options);
  return text === null ? null : { [secret]: text };
}

/** The section, with Synapse's older way of switching it off. */
function presenceOf(all: Mapping, place: ConfigCursor): unknown {
  const section = all['presence'] ?? {};
  const enabled = boolean(all['use_presence'], place.at('use_presence'));
  return isMapping(section) && enabled !== null ? { enabled, ...section } : section;
}

function readSecretFile(
  key: string,
  value: unknown,
  place: ConfigCursor,
  all: Mapping,
  options: HomeserverReaderOptions,
): string | null {
  if (value === null) return null;
  const inline = key.replace(/_path$/, '');
  if ((all[inline] ?? null) !== null) {
    return place.at(key).reportKey(`both "${inline}" and "${key}" are given. Keep one of them.`);
  }
  const path = string(value, place.at(key));
  if (path === null) return null;
  const content = options.files.read(resolve(options.directory, path));
  return content.text?.trim() ?? place.at(key).report(`cannot read the file: ${content.reason ?? ''}.`);
}

function resolvePaths(settings: Settings, directory: string): Settings {
  const given: Mapping = { ...settings };
  const paths = propertiesWith('isPath').flatMap((property) => {
    const path = given[property];
    return typeof path === 'string' && path !== ':memory:' ? [[property, resolve(directory, path)] as const] : [];
  });
  const absolute: Settings = { ...settings, ...Object.fromEntries(paths) };
  const folder = settings.templates?.customTemplateDirectory;
  if (folder === undefined) return absolute;
  return { ...absolute, templates: new TemplatesConfig({ customTemplateDirectory: resolve(directory, folder) }) };
}

/** What Synapse refuses although each setting for itself is right. */
function checkTogether(config: HomeserverConfig, place: ConfigCursor, all: Mapping): void {
  if (config.limitProfileRequestsToUsersWhoShareRooms && !config.requireAuthForProfileRequests) {
    place
      .at('limit_profile_requests_to_users_who_share_rooms')
      .report('needs "require_auth_for_profile_requests: true". Add it.');
  }
  if (
    config.autocreateAutoJoinRooms &&
    config.autocreateAutoJoinRoomPreset !== 'public_chat' &&
    config.autoJoinMxidLocalpart === undefined
  ) {
    place
      .at('autocreate_auto_join_room_preset')
      .report('needs "auto_join_mxid_localpart", the user who invites to such rooms. Add it.');
  }
  const publicRooms = ['allow_public_rooms_without_auth', 'allow_public_rooms_over_federation'];
  if ('restrict_public_rooms_to_local_users' in all && publicRooms.some((key) => key in all)) {
    place
      .at('restrict_public_rooms_to_local_users')
      .reportKey('cannot be used with "allow_public_rooms_...". Remove it.');
  }
  checkLifetimes(config, place, all);
}

function checkLifetimes(config: HomeserverConfig, place: ConfigCursor, all: Mapping): void {
  const { sessionLifetime } = config;
  if (sessionLifetime === undefined) return;
  const lifetimes = [
    'refreshableAccessTokenLifetime',
    'nonrefreshableAccessTokenLifetime',
    'refreshTokenLifetime',
  ] as const;
  for (const property of lifetimes) {
    const key = snakeCase(property);
    if (key in all && sessionLifetime < (config[property] ?? 0)) {
      place.at(key).report('is longer than "session_lifetime". Shorten it.');
    }
  }
}
