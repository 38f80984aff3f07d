import type { Case, Json, JsonRecord } from './format.js';

const unlimited = { per_second: 100_000, burst_count: 100_000 };

/** The base configuration of the case format, its rate limits out of reach. */
const base: JsonRecord = {
  server_name: 'hs.test',
  listeners: [
    {
      port: 0,
      type: 'http',
      tls: false,
      bind_addresses: ['127.0.0.1'],
      resources: [{ names: ['client', 'federation'] }],
    },
  ],
  enable_registration: true,
  enable_registration_without_verification: true,
  registration_shared_secret: 'shared',
  macaroon_secret_key: 'macaroon',
  form_secret: 'form',
  stats: { enabled: false },
  rc_message: unlimited,
  rc_registration: unlimited,
  rc_admin_redaction: unlimited,
  rc_registration_token_validity: unlimited,
  rc_3pid_validation: unlimited,
  rc_third_party_invite: unlimited,
  rc_media_create: unlimited,
  rc_room_creation: unlimited,
  rc_reports: unlimited,
  rc_presence: { per_user: unlimited },
  rc_user_directory: unlimited,
  rc_profile: unlimited,
  rc_delayed_event_mgmt: unlimited,
  rc_login: { address: unlimited, account: unlimited, failed_attempts: unlimited },
  rc_joins: { local: unlimited, remote: unlimited },
  rc_joins_per_room: unlimited,
  rc_invites: { per_room: unlimited, per_user: unlimited, per_issuer: unlimited },
};

/** The homeserver configuration of a case: the base, what the case changes, and its modules. */
export function configurationOf(test: Case): JsonRecord {
  const server = test.server ?? {};
  return { ...base, ...(Object.hasOwn(server, 'modules') ? {} : { modules: moduleEntries(test) }), ...server };
}

function moduleEntries(test: Case): Json[] {
  return (test.modules ?? []).map((puppet): Json => {
    if (Object.hasOwn(puppet, 'entry')) return puppet.entry ?? null;
    const module = Object.hasOwn(puppet, 'module') ? (puppet.module ?? null) : `puppet.${puppet.name ?? ''}`;
    return Object.hasOwn(puppet, 'config') ? { module, config: puppet.config ?? null } : { module };
  });
}
