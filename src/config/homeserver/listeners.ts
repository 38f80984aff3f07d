import {
  boolean,
  integer,
  listOf,
  oneOf,
  type Reader,
  refined,
  string,
  stringArray,
  withoutPoint,
} from '../values/readers.js';
import { optional, record, required, section, setting, settingsClass } from '../values/settings.js';

const resources = listOf(
  record({
    names: required(
      listOf(
        oneOf(
          'client',
          'consent',
          'federation',
          'health',
          'keys',
          'media',
          'metrics',
          'openid',
          'replication',
          'static',
        ),
      ),
    ),
    compress: setting(boolean, false),
  }),
);

/** One address that the homeserver listens on. */
export class ListenerConfig extends settingsClass({
  port: setting(withoutPoint(integer(0, 65_535)), 8008, { meaning: '0 takes any free port.' }),
  path: optional(string, { meaning: 'A Unix socket, instead of a port.' }),
  bindAddresses: setting(stringArray, ['127.0.0.1'], {
    meaning: 'Synapse listens on all addresses by default; a server with open registration had better not.',
  }),
  type: setting(oneOf('http', 'metrics', 'manhole'), 'http'),
  tls: setting(boolean, false),
  xForwarded: setting(boolean, false, {
    meaning: "The client's address is taken from the header `X-Forwarded-For`.",
  }),
  resources: setting(resources, [{ names: ['client', 'federation'], compress: false }]),
}) {}

/** Synapse takes one address more under an older name. */
class ListenerMembers extends settingsClass({ bindAddress: optional(string), ...ListenerConfig.settings }) {}

const listener: Reader<ListenerConfig> = refined(
  section(ListenerMembers, { ignored: ['mode', 'tag', 'request_id_header', 'additional_resources'] }),
  (read, place, value) => {
    const given = value as Readonly<Record<string, unknown>>;
    const [hasPort, hasPath] = [(given['port'] ?? null) !== null, (given['path'] ?? null) !== null];
    if (hasPort && hasPath) return place.report('both "port" and "path" are given. Keep one of them.');
    if (!hasPort && !hasPath) return place.report('neither "port" nor "path" is given. Add "port: 8008".');
    if (read.tls) place.at('tls').warn('has no meaning on the embedded homeserver: it serves plain HTTP');
    const { bindAddress, ...members } = read;
    const bindAddresses = bindAddress === undefined ? read.bindAddresses : [...givenAddresses(given), bindAddress];
    // A Unix socket tells no address: the only one there is comes in the header.
    const xForwarded = hasPath ? given['x_forwarded'] !== false : read.xForwarded;
    return new ListenerConfig({ ...members, bindAddresses, xForwarded });
  },
);

function givenAddresses(given: Readonly<Record<string, unknown>>): readonly string[] {
  const addresses = given['bind_addresses'];
  return Array.isArray(addresses) ? (addresses as readonly string[]) : [];
}

/** `listeners`. */
export const listeners = listOf(listener);
