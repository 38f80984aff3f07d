import type { ModuleList } from '../../config/configuration.js';
import type { ConfigCursor } from '../../config/values/config-cursor.js';
import {
  integer,
  isMapping,
  type Mapping,
  number,
  oneOf,
  type Reader,
  shownWord,
  string,
  stringArray,
} from '../../config/values/readers.js';
import { membersOf, withoutDefault } from '../../config/values/settings.js';
import { readListenAddress } from '../transport/listen-address.js';

/** What a homeserver.yaml names the bridge by. */
export const bridgeName = 'vesicle_bridge.VesicleBridge';

const address: Reader<string> = (value, place) =>
  typeof value === 'string' && readListenAddress(value) !== undefined
    ? value
    : place.report(`expected an address, got ${shownWord(value)}. Write "unix:PATH" or "tcp:HOST:PORT".`);

const command: Reader<readonly string[]> = (value, place) =>
  Array.isArray(value) && value.length === 0
    ? place.report('is empty. Write "spawn: [npx, vesicle, host, --stdio]".')
    : stringArray(value, place);

const seconds: Reader<number> = (value, place) => {
  if (typeof value === 'number') return number(0)(value, place);
  const found = typeof value === 'string' && /^(\d{1,9})([smh]?)$/.exec(value);
  if (!found) {
    const remedy = 'Write a whole number with s, m or h ("5s"), or milliseconds.';
    return place.report(`expected a duration, got ${shownWord(value)}. ${remedy}`);
  }
  return Number(found[1]) * ({ s: 1000, m: 60_000, h: 3_600_000 }[found[2] ?? ''] ?? 1);
};

/** The keys of the bridge in a homeserver.yaml; the modules are read by the process that loads them, the defaults are the bridge's. */
const readKeys = membersOf(
  {
    connect: withoutDefault(address),
    spawn: withoutDefault(command),
    token: withoutDefault(string),
    tokenFile: withoutDefault(string),
    connectTimeout: withoutDefault(seconds),
    timeout: withoutDefault(seconds),
    queue: withoutDefault(integer(0)),
    start: withoutDefault(oneOf('required', 'optional')),
  },
  { alsoKnown: ['modules'] },
);

/** The lists of modules of the bridges in a homeserver.yaml. */
export function bridgedLists(homeserver: unknown): readonly ModuleList[] {
  const entries: readonly unknown[] =
    isMapping(homeserver) && Array.isArray(homeserver['modules']) ? homeserver['modules'] : [];
  return entries.flatMap((entry, index) => {
    if (!isMapping(entry) || entry['module'] !== bridgeName) return [];
    const directory = directoryOfSpawned(entry['config']);
    return [{ path: ['modules', index, 'config', 'modules'], ...(directory !== undefined && { directory }) }];
  });
}

/** What `spawn` gives to the option `--directory` of the module host. */
function directoryOfSpawned(config: unknown): string | undefined {
  const spawn: readonly unknown[] = isMapping(config) && Array.isArray(config['spawn']) ? config['spawn'] : [];
  const words = spawn.filter((word) => typeof word === 'string');
  const given = words.find((word) => word.startsWith('--directory='))?.slice('--directory='.length);
  return given ?? (words.includes('--directory') ? words[words.indexOf('--directory') + 1] : undefined);
}

/** Checks the entry of a bridge, but for the modules; faults are reported. Gives the keys that are right. */
export function readBridgeEntry(entry: Mapping, place: ConfigCursor): NonNullable<ReturnType<typeof readKeys>> {
  const { module: _module, config, ...others } = entry;
  for (const key of Object.keys(others)) {
    place.at(key).reportKey('Synapse does not look at this key. Indent it, so that it stands below "config:".');
  }
  const at = place.at('config');
  if (!isMapping(config)) {
    at.report('expected a mapping. Write "connect:" and "modules:" below it.');
    return {};
  }
  if (config['modules'] === undefined) at.report('"modules" is missing. Add the list of modules.');
  const { modules: _modules, ...keys } = config;
  checkPairs(keys, at);
  return readKeys(keys, at) ?? {};
}

function checkPairs(config: Mapping, place: ConfigCursor): void {
  const isThere = (key: string): boolean => (config[key] ?? null) !== null;
  if (isThere('connect') === isThere('spawn')) {
    place.report('give either "connect" (unix:PATH or tcp:HOST:PORT) or "spawn" (a list of arguments).');
  }
  if (isThere('token') && isThere('token_file')) place.at('token_file').report('give either "token" or "token_file".');
}
