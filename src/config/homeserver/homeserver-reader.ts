import { resolve } from 'node:path';
import { HomeserverConfig } from './homeserver-config.js';
import { homeserverKeys } from './homeserver-keys.js';
import { ignoredKeys } from './ignored-keys.js';
import { TemplatesConfig } from './homeserver-sections.js';
import type { JsonSchema } from '../values/json-schema.js';
import type { Place } from '../values/place.js';
import {
  anyMapping,
  flag,
  integer,
  isMapping,
  shown,
  type Mapping,
  mappingOf,
  text,
  warnMeaningless,
} from '../values/readers.js';
import { snakeCase } from '../values/snake-case.js';
import type { FileReader } from '../yaml/secrets.js';
import { unusedSettings } from './unused-settings.js';

type Settings = Partial<HomeserverConfig>;
type SettingReader = (value: unknown, place: Place, all: Mapping) => Settings | null;

const databaseMembers = mappingOf<{ name: string; args: Mapping; txnLimit: number }>(
  { name: text, args: anyMapping, txnLimit: integer(0) },
  { ignored: ['allow_unsafe_locale', 'data_stores'] },
);

function database(value: unknown, place: Place): Settings | null {
  if (typeof value === 'string') return { databasePath: value };
  if (!isMapping(value)) {
    return place.fault(
      `expected the path of a SQLite file or a mapping, got ${shown(value)}. Write "database: ./hs.db".`,
    );
  }
  const { name = 'sqlite3', args = {} } = databaseMembers(value, place) ?? {};
  if (name !== 'sqlite3') {
    return place.at('name').fault('the embedded homeserver has SQLite only. Write "sqlite3", or leave "database" out.');
  }
  return databasePath(args['database'] ?? ':memory:', place.at('args').at('database'));
}

function databasePath(value: unknown, place: Place): Settings | null {
  const path = text(value, place);
  return path === null ? null : { databasePath: path };
}

/** Synapse's older or other spellings of settings. */
const otherKeys: Readonly<Record<string, SettingReader>> = {
  database,
  database_path: databasePath,
  disable_registration: (value, place) => {
    const isDisabled = flag(value, place);
    return isDisabled === null ? null : { enableRegistration: !isDisabled };
  },
  restrict_public_rooms_to_local_users: (value, place) =>
    flag(value, place) === true ? { allowPublicRoomsWithoutAuth: false, allowPublicRoomsOverFederation: false } : null,
};

/** Secrets that may stand in a file of their own, named by the same key with `_path`. */
const secrets = ['registrationSharedSecret', 'macaroonSecretKey', 'formSecret', 'turnSharedSecret'] as const;

const secretKeys = new Map(secrets.map((property) => [`${snakeCase(property)}_path`, property]));

const readSettings = mappingOf(homeserverKeys, {
  ignored: ignoredKeys,
  alsoKnown: [...Object.keys(otherKeys), ...secretKeys.keys(), 'use_presence', 'modules'],
});

/** What editors are told of everything but `modules`. */
export const homeserverSchema: JsonSchema = {
  ...readSettings.schema,
  properties: {
    ...readSettings.schema?.properties,
    database: { anyOf: [{ type: 'string' }, { type: 'object' }] },
    database_path: { type: 'string' },
    disable_registration: { type: 'boolean' },
    restrict_public_rooms_to_local_users: { type: 'boolean' },
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
export function readHomeserver(value: unknown, place: Place, options: HomeserverReaderOptions): HomeserverConfig {
  // An empty file is a server with all defaults; of one that is no YAML everything has been said.
  const all = value === null || value === undefined ? {} : (anyMapping(value, place) ?? {});
  const plain: Record<string, unknown> = {};
  const settings: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(all)) {
    const other = readOtherKey(key, member, { place, all, options });
    if (other === undefined) plain[key] = member;
    else Object.assign(settings, other);
  }
  if ('use_presence' in all) plain['presence'] = presenceOf(all, place);
  Object.assign(settings, readSettings(plain, place));
  for (const key of [...unusedSettings].map(snakeCase)) if (key in all) warnMeaningless(place.at(key));
  checkTogether(new HomeserverConfig(settings), place, all);
  return new HomeserverConfig(resolvePaths(settings, options.directory));
}

interface Context {
  readonly place: Place;
  readonly all: Mapping;
  readonly options: HomeserverReaderOptions;
}

/** The settings of a key that is not named like one; undefined for any other key. */
function readOtherKey(key: string, value: unknown, { place, all, options }: Context): Settings | null | undefined {
  if (key === 'modules' || key === 'use_presence') return null;
  if (Object.hasOwn(otherKeys, key))
    return value === null ? null : (otherKeys[key]?.(value, place.at(key), all) ?? null);
  const secret = secretKeys.get(key);
  if (secret === undefined) return undefined;
  const text = readSecretFile(key, value, place, all, options);
  return text === null ? null : { [secret]: text };
}

/** The section, with Synapse's older way of switching it off. */
function presenceOf(all: Mapping, place: Place): unknown {
  const section = all['presence'] ?? {};
  const enabled = flag(all['use_presence'], place.at('use_presence'));
  return isMapping(section) && enabled !== null ? { enabled, ...section } : section;
}

function readSecretFile(
  key: string,
  value: unknown,
  place: Place,
  all: Mapping,
  options: HomeserverReaderOptions,
): string | null {
  if (value === null) return null;
  const inline = key.replace(/_path$/, '');
  if ((all[inline] ?? null) !== null) {
    return place.at(key).faultyKey(`both "${inline}" and "${key}" are given. Keep one of them.`);
  }
  const path = text(value, place.at(key));
  if (path === null) return null;
  const content = options.files.read(resolve(options.directory, path));
  return content.text?.trim() ?? place.at(key).fault(`cannot read the file: ${content.reason ?? ''}.`);
}

function resolvePaths(settings: Settings, directory: string): Settings {
  const { databasePath, mediaStorePath, signingKeyPath, templates } = settings;
  const absolute: { -readonly [P in keyof Settings]: Settings[P] } = { ...settings };
  if (databasePath !== undefined && databasePath !== ':memory:')
    absolute.databasePath = resolve(directory, databasePath);
  if (mediaStorePath !== undefined) absolute.mediaStorePath = resolve(directory, mediaStorePath);
  if (signingKeyPath !== undefined) absolute.signingKeyPath = resolve(directory, signingKeyPath);
  if (templates?.customTemplateDirectory !== undefined) {
    const customTemplateDirectory = resolve(directory, templates.customTemplateDirectory);
    absolute.templates = Object.assign(new TemplatesConfig(), { customTemplateDirectory });
  }
  return absolute;
}

/** What Synapse refuses although each setting for itself is right. */
function checkTogether(config: HomeserverConfig, place: Place, all: Mapping): void {
  if (config.limitProfileRequestsToUsersWhoShareRooms && !config.requireAuthForProfileRequests) {
    place
      .at('limit_profile_requests_to_users_who_share_rooms')
      .fault('needs "require_auth_for_profile_requests: true". Add it.');
  }
  if (
    config.autocreateAutoJoinRooms &&
    config.autocreateAutoJoinRoomPreset !== 'public_chat' &&
    config.autoJoinMxidLocalpart === undefined
  ) {
    place
      .at('autocreate_auto_join_room_preset')
      .fault('needs "auto_join_mxid_localpart", the user who invites to such rooms. Add it.');
  }
  const publicRooms = ['allow_public_rooms_without_auth', 'allow_public_rooms_over_federation'];
  if ('restrict_public_rooms_to_local_users' in all && publicRooms.some((key) => key in all)) {
    place
      .at('restrict_public_rooms_to_local_users')
      .faultyKey('cannot be used with "allow_public_rooms_...". Remove it.');
  }
  checkLifetimes(config, place, all);
}

function checkLifetimes(config: HomeserverConfig, place: Place, all: Mapping): void {
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
      place.at(key).fault('is longer than "session_lifetime". Shorten it.');
    }
  }
}
