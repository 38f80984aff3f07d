import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import type { ListenerConfig } from '../config/homeserver/listeners.js';

/** A limit that nobody reaches. */
const unlimited = { per_second: 1_000_000, burst_count: 1_000_000 };

/** Rate limits of Synapse, lifted: a development server is not to be slowed down. */
export const liftedRateLimits: Readonly<Record<string, object>> = {
  rc_message: unlimited,
  rc_registration: unlimited,
  rc_registration_token_validity: unlimited,
  rc_login: { address: unlimited, account: unlimited, failed_attempts: unlimited },
  rc_admin_redaction: unlimited,
  rc_joins: { local: unlimited, remote: unlimited },
  rc_joins_per_room: unlimited,
  rc_key_requests: unlimited,
  rc_3pid_validation: unlimited,
  rc_invites: { per_room: unlimited, per_user: unlimited, per_issuer: unlimited },
  rc_third_party_invite: unlimited,
  rc_media_create: unlimited,
  rc_presence: { per_user: unlimited },
  rc_delayed_event_mgmt: unlimited,
  rc_room_creation: unlimited,
  rc_reports: unlimited,
  rc_user_directory: unlimited,
  rc_profile: unlimited,
};

/** What the homeserver.yaml of a development server needs beyond the user's file. */
export interface SynapseSettingsOptions {
  /** Where Synapse keeps its files. */
  readonly folder: string;
  /** The items of `modules`. */
  readonly modules: readonly object[];
  /** In the order of the file's listeners. */
  readonly ports: readonly number[];
  /** What other secrets are made of. */
  readonly signingKey: string;
}

/**
 * The homeserver.yaml for a file of `vesicle dev`: its keys as they are, and for those that it leaves out what the embedded
 * homeserver takes (open registration, no rate limits, this machine only).
 */
export function synapseSettings(configuration: Configuration, options: SynapseSettingsOptions): object {
  const { homeserver, settings } = configuration;
  const { folder, modules, ports, signingKey } = options;
  const secret = (name: string): string => createHash('sha256').update(`${name} ${signingKey}`).digest('hex');
  return {
    ...liftedRateLimits,
    server_name: homeserver.serverName,
    enable_registration: true,
    enable_registration_without_verification: true,
    macaroon_secret_key: secret('macaroon'),
    form_secret: secret('form'),
    signing_key_path: join(folder, 'signing.key'),
    media_store_path: join(folder, 'media'),
    report_stats: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    ...settings,
    database: { name: 'sqlite3', args: { database: homeserver.databasePath } },
    listeners: homeserver.listeners.map((listener, index) => listenerOf(listener, ports[index])),
    log_config: join(folder, 'log.yaml'),
    pid_file: join(folder, 'homeserver.pid'),
    modules,
  };
}

function listenerOf(listener: ListenerConfig, port: number | undefined): object {
  const { path, bindAddresses, type, tls, xForwarded, resources } = listener;
  const place = path === undefined ? { port, bind_addresses: bindAddresses } : { path };
  return { ...place, type, tls, x_forwarded: xForwarded, ...(type === 'http' && { resources }) };
}

/** How the log of Synapse is to be written, so that `SynapseLogReader` understands it. */
export function synapseLogging(level: string): object {
  return {
    version: 1,
    formatters: { line: { format: '%(levelname)s\t%(name)s\t%(message)s' } },
    handlers: { output: { class: 'logging.StreamHandler', formatter: 'line', stream: 'ext://sys.stderr' } },
    root: { level, handlers: ['output'] },
    // It warns of each start.
    loggers: { 'synapse.config.logger': { level: 'ERROR' } },
    disable_existing_loggers: false,
  };
}
