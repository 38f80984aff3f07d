import {
  anyMapping,
  described,
  duration,
  integer,
  isMapping,
  listOf,
  type Mapping,
  oneOf,
  type Reader,
  refined,
  shown,
  shownWord,
  string,
  withoutPoint,
} from '../values/readers.js';
import { membersOf, optional, setting } from '../values/settings.js';

export const serverName: Reader<string> = refined(string, (name, place) =>
  /^(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(name)
    ? name
    : place.report('is no server name. Write a host name, with a port if need be: "example.org", "localhost:8448".'),
);

/** A URL with a slash at its end. */
export const baseUrl: Reader<string> = refined(string, (url, place) => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return place.report('expected a URL that starts with http:// or https://.');
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    return place.report('public_baseurl cannot contain query parameters or a #-fragment. Remove them.');
  }
  return url.endsWith('/') ? url : `${url}/`;
});

export const webUrl: Reader<string> = refined(string, (url, place) =>
  /^https?:\/\//.test(url) ? url : place.report('expected a URL that starts with http:// or https://.'),
);

export const wellKnownContent: Reader<Mapping> = refined(anyMapping, (content, place) => {
  for (const key of ['m.homeserver', 'm.identity_server']) {
    if (key in content) place.at(key).reportKey('is set by Synapse itself. Remove it.');
  }
  return content;
});

const ROOM_VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

/** A version is a string that looks like a number: both spellings are meant. Without a value it is the version "None" to Synapse. */
export const roomVersion: Reader<string> = Object.assign(
  withoutPoint(
    described({ enum: [...ROOM_VERSIONS, ...ROOM_VERSIONS.map(Number)] }, (value, place) =>
      oneOf(...ROOM_VERSIONS)(typeof value === 'number' ? String(value) : value, place),
    ),
  ),
  { takesNull: true },
);

export const positiveDuration: Reader<number> = refined(duration, (read, place, value) =>
  read > 0 ? read : place.report(`expected a duration above 0, got ${shownWord(value)}. Remove it to allow none.`),
);

/** An unquoted `off` is false in YAML. */
export const encryptionDefault: Reader<'all' | 'invite' | 'off'> = described(
  { enum: ['all', 'invite', 'off', false] },
  (value, place) => (value === false ? 'off' : oneOf('all', 'invite', 'off')(value, place)),
);

/** A preset of new rooms. */
export const roomPreset = oneOf('public_chat', 'private_chat', 'trusted_private_chat');

const presetName = oneOf('private_chat', 'trusted_private_chat', 'public_chat');

/** Preset name to overrides of the power levels of new rooms. */
export const powerLevelOverride: Reader<Readonly<Record<string, Mapping | null>>> = refined(
  anyMapping,
  (presets, place) => {
    const contents = Object.entries(presets).map(([preset, content]) => {
      presetName(preset, place.at(preset));
      return [preset, content === null ? null : anyMapping(content, place.at(preset))] as const;
    });
    return Object.fromEntries(contents);
  },
);

export const roomAliases: Reader<readonly string[]> = listOf(
  refined(string, (alias, place) =>
    /^#[^:]+:.+/.test(alias) ? alias : place.report('expected a room alias. Write "#room:server".'),
  ),
);

const databaseMembers = membersOf(
  { name: setting(string, 'sqlite3'), args: optional(anyMapping), txnLimit: optional(integer(0)) },
  { ignored: ['allow_unsafe_locale', 'data_stores'] },
);

/** The path of a SQLite file, or Synapse's mapping with it. */
export const database: Reader<string> = described(
  { anyOf: [{ type: 'string' }, { type: 'object' }] },
  (value, place) => {
    if (typeof value === 'string') return value;
    if (!isMapping(value)) {
      return place.report(
        `expected the path of a SQLite file or a mapping, got ${shown(value)}. Write "database: ./hs.db".`,
      );
    }
    const { name = 'sqlite3', args = {} } = databaseMembers(value, place) ?? {};
    if (name !== 'sqlite3') {
      return place
        .at('name')
        .report('the embedded homeserver has SQLite only. Write "sqlite3", or leave "database" out.');
    }
    return string(args['database'] ?? ':memory:', place.at('args').at('database'));
  },
);
