import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Configuration } from '../../../src/config/configuration.js';
import { HomeserverConfig, homeserverSettings } from '../../../src/config/homeserver/homeserver-config.js';
import { ignoredKeys } from '../../../src/config/homeserver/ignored-keys.js';
import { keyOf } from '../../../src/config/values/settings.js';
import { parseConfiguration } from '../../support/parse-configuration.js';

const read = (yaml: string): HomeserverConfig => parseConfiguration(yaml, { directory: '/srv', env: {} }).homeserver;

/** Sections are compared by what they hold, not by their class. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : structuredClone(value));

describe('the settings of a homeserver', () => {
  test('an empty file is a development server: open registration, no rate limits, in memory, on this machine', () => {
    const config = read('');
    assert.deepEqual(config, new HomeserverConfig());
    assert.equal(config.serverName, 'localhost');
    assert.equal(config.enableRegistration, true);
    assert.equal(config.databasePath, ':memory:');
    assert.deepEqual(config.listeners[0]?.bindAddresses, ['127.0.0.1']);
    for (const [name, value] of Object.entries(config)) if (name.startsWith('rc')) assert.equal(value, undefined, name);
  });

  test('every setting is read from a key of its own', () => {
    const settings = Object.keys(new HomeserverConfig()).filter((name) => name !== 'serveClientWellknown');
    assert.deepEqual(Object.keys(homeserverSettings).sort(), settings.sort());
    const keys = Object.entries(homeserverSettings).map(([name, setting]) => keyOf(name, setting));
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) assert.ok(!ignoredKeys.includes(key), key);
  });

  const settings: readonly (readonly [yaml: string, expected: Partial<Record<keyof HomeserverConfig, unknown>>])[] = [
    [
      'public_baseurl: https://matrix.example/base',
      { publicBaseurl: 'https://matrix.example/base/', serveClientWellknown: true },
    ],
    ['server_name: hs.test', { publicBaseurl: 'https://hs.test/', serveClientWellknown: false }],
    ['database: ./hs.db', { databasePath: '/srv/hs.db' }],
    ['database: { name: sqlite3, args: { database: /var/hs.db } }', { databasePath: '/var/hs.db' }],
    ['database: { name: sqlite3, args: { database: ":memory:" } }', { databasePath: ':memory:' }],
    ['database_path: hs.db', { databasePath: '/srv/hs.db' }],
    ['disable_registration: yes', { enableRegistration: false }],
    ['disable_registration: yes\nenable_registration: yes', { enableRegistration: false }],
    ['enable_registration: no\ndisable_registration: no', { enableRegistration: true }],
    ['database_path: hs.db\ndatabase: other.db', { databasePath: '/srv/hs.db' }],
    ['max_upload_size: 10M', { maxUploadSize: 10 * 1024 * 1024 }],
    ['session_lifetime: 2w', { sessionLifetime: 14 * 86_400_000 }],
    ['refreshable_access_token_lifetime: null', { refreshableAccessTokenLifetime: null }],
    ['redaction_retention_period:', { redactionRetentionPeriod: null }],
    ['admin_contact:', { adminContact: undefined }],
    ['default_room_version: 11', { defaultRoomVersion: '11' }],
    ['encryption_enabled_by_default_for_room_type: off', { encryptionEnabledByDefaultForRoomType: 'off' }],
    ['enable_3pid_changes: false', { enable3pidChanges: false }],
    ['rc_message: { per_second: 0.001, burst_count: 2 }', { rcMessage: { perSecond: 0.001, burstCount: 2 } }],
    ['rc_3pid_validation: {}', { rc3pidValidation: { perSecond: 0.003, burstCount: 5 } }],
    [
      'rc_invites: { per_issuer: { per_second: 1 } }',
      {
        rcInvites: {
          perRoom: { perSecond: 0.3, burstCount: 10 },
          perUser: { perSecond: 0.003, burstCount: 5 },
          perIssuer: { perSecond: 1, burstCount: 10 },
        },
      },
    ],
    [
      'media_upload_limits: [{ time_period: 1h, max_size: 10 }]',
      { mediaUploadLimits: [{ timePeriodMs: 3_600_000, maxBytes: 10, canUpgrade: false }] },
    ],
    [
      'room_list_publication_rules: [{ action: allow }]',
      { roomListPublicationRules: [{ userId: '*', roomId: '*', alias: '*', action: 'allow' }] },
    ],
    ['email: {}', { email: undefined }],
    ['form_secret_path:', { formSecret: undefined }],
    [
      'user_types: { extra_user_types: [guest] }',
      { userTypes: { defaultUserType: undefined, extraUserTypes: ['guest'] } },
    ],
    [
      'user_types: { default_user_type: guest, extra_user_types: [guest] }',
      { userTypes: { defaultUserType: 'guest', extraUserTypes: ['guest'] } },
    ],
    [
      'account_validity: { enabled: true, period: 6w, renew_at: 1w }',
      {
        accountValidity: {
          enabled: true,
          period: 42 * 86_400_000,
          renewAt: 7 * 86_400_000,
          renewEmailSubject: 'Renew your %(app)s account',
        },
      },
    ],
    [
      'room_prejoin_state: { additional_event_types: [m.room.pinned_events, [org.example.a, key]] }',
      {
        roomPrejoinState: {
          disableDefaultEventTypes: false,
          additionalEventTypes: ['m.room.pinned_events', ['org.example.a', 'key']],
        },
      },
    ],
    [
      'thumbnail_sizes: [{ width: 1, height: 2, method: crop }]',
      { thumbnailSizes: [{ width: 1, height: 2, method: 'crop' }] },
    ],
    [
      'allowed_local_3pids: [{ medium: email, pattern: "@example[.]org$" }]',
      { allowedLocal3pids: [{ medium: 'email', pattern: '@example[.]org$' }] },
    ],
    [
      'retention: { default_policy: { max_lifetime: 1d } }',
      {
        retention: {
          enabled: false,
          defaultPolicy: { minLifetime: undefined, maxLifetime: 86_400_000 },
          allowedLifetimeMin: undefined,
          allowedLifetimeMax: undefined,
        },
      },
    ],
    ['turn_user_lifetime: 2h', { turnUserLifetime: 7_200_000 }],
    ['experimental_features: { msc3391_enabled: true }', { experimentalFeatures: { msc3391_enabled: true } }],
  ];
  for (const [yaml, expected] of settings) {
    test(yaml, () => {
      const config = read(yaml);
      for (const [name, value] of Object.entries(expected))
        assert.deepEqual(plain(config[name as keyof HomeserverConfig]), value);
    });
  }

  test('a section keeps the defaults of what it leaves out', () => {
    const config = read(
      'use_presence: false\npassword_config: { localdb_enabled: false }\nemail: { notif_from: a@b.c }',
    );
    assert.equal(config.presence.enabled, false);
    assert.equal(config.presence.idleTimeout, 300_000);
    assert.equal(config.passwordConfig.enabled, true);
    assert.equal(config.passwordConfig.localdbEnabled, false);
    assert.equal(config.email?.appName, 'Matrix');
    assert.equal(config.email.smtpPort, undefined);
  });

  test('a listener on a Unix socket trusts the forwarded address, as in Synapse', () => {
    assert.equal(read('listeners: [{ path: /run/hs.sock, type: http }]').listeners[0]?.xForwarded, true);
    assert.equal(read('listeners: [{ port: 0, type: http }]').listeners[0]?.xForwarded, false);
  });

  test('keys of Synapse that mean nothing here are accepted with one warning each', () => {
    const yaml =
      'report_stats: false\nlisteners:\n  - { port: 8008, tls: true, mode: 432 }\nredis: { enabled: true }\n';
    const { warnings } = Configuration.read(yaml, { file: 'homeserver.yaml' });
    assert.deepEqual(warnings, [
      "homeserver.yaml:1:1: 'report_stats' has no meaning on the embedded homeserver",
      "homeserver.yaml:3:30: 'listeners.<item 0>.mode' has no meaning on the embedded homeserver",
      "homeserver.yaml:3:19: 'listeners.<item 0>.tls' has no meaning on the embedded homeserver: it serves plain HTTP",
      "homeserver.yaml:4:1: 'redis' has no meaning on the embedded homeserver",
    ]);
  });

  test('values of a program are read like a file, without positions', () => {
    assert.equal(Configuration.of({ server_name: 'hs.test' }).homeserver.serverName, 'hs.test');
    assert.throws(
      () => {
        Configuration.of({ server_name: 5 }).throwProblems();
      },
      {
        message: `[CONFIG_INVALID] The configuration has a problem.
Error in configuration at 'server_name':
  expected a string, got 5. Write it in quotes.`,
      },
    );
  });
});

describe('YAML', () => {
  const value = (yaml: string): unknown => {
    const configuration = parseConfiguration(`experimental_features:\n  ${yaml.replaceAll('\n', '\n  ')}\n`, {
      env: {},
    });
    return configuration.homeserver.experimentalFeatures;
  };

  const values: readonly (readonly [yaml: string, expected: unknown])[] = [
    ['a: yes\nb: off\nc: True', { a: true, b: false, c: true }],
    ['y: 1\nn: 2\non_: 3', { y: 1, n: 2, on_: 3 }],
    ['a: y\nb: 1e3\nc: 2001-01-01\nd: 0o17', { a: 'y', b: '1e3', c: new Date('2001-01-01'), d: '0o17' }],
    ['a: 010\nb: 1_000\nc: 12:30\nd: 1.5e+3\ne: 0x10', { a: 8, b: 1000, c: 750, d: 1500, e: 16 }],
    ['a: ~\nb:\nc: null', { a: null, b: null, c: null }],
    ['5: x\n"yes": z', { 5: 'x', yes: 'z' }],
    ['phone: 0891234567\nzip: 08123\nmode: 0755', { phone: '0891234567', zip: '08123', mode: 493 }],
    [
      'a: !!float 3\nb: !!set {x, y}\nc: !!binary aGk=',
      { a: 3, b: new Set(['x', 'y']), c: new Uint8Array([104, 105]) },
    ],
    ['a: .inf\nb: 9007199254740991', { a: Infinity, b: Number.MAX_SAFE_INTEGER }],
    ['base: &base { a: 1, b: 2 }\nother:\n  <<: *base\n  b: 3', { base: { a: 1, b: 2 }, other: { a: 1, b: 3 } }],
    [
      'a: &a { x: 1 }\nb: &b { x: 2, y: 2 }\nc: { <<: [*a, *b] }',
      { a: { x: 1 }, b: { x: 2, y: 2 }, c: { x: 1, y: 2 } },
    ],
    ['a: $${env:HOME}', { a: '${env:HOME}' }],
    ['a: { constructor: 1, prototype: 2 }', { a: { constructor: 1, prototype: 2 } }],
  ];
  for (const [yaml, expected] of values) {
    test(`means what PyYAML reads: ${yaml.replaceAll('\n', ' | ')}`, () => {
      assert.deepEqual(value(yaml), expected);
    });
  }
});

describe('secrets', () => {
  const options = {
    file: '/etc/hs/vesicle.yaml',
    env: { TOKEN: 'hunter2-secret', PIN: '77' },
    files: { read: (path: string) => (path === '/etc/hs/turn.txt' ? { text: 'turn-secret\n' } : { reason: 'no' }) },
  };

  test('come from the environment and from files beside the configuration', () => {
    const yaml =
      'registration_shared_secret: ${env:TOKEN}\nturn_shared_secret: "a ${file:turn.txt} b"\nform_secret_path: turn.txt';
    const { homeserver } = parseConfiguration(yaml, options);
    assert.equal(homeserver.registrationSharedSecret, 'hunter2-secret');
    assert.equal(homeserver.turnSharedSecret, 'a turn-secret b');
    assert.equal(homeserver.formSecret, 'turn-secret');
  });

  test('are never shown, not even by the text of somebody else', () => {
    const configuration = Configuration.read('public_baseurl: ${env:TOKEN}\nadmin_contact: ${env:PIN}\n', options);
    configuration.placeOf(['admin_contact']).report('cannot reach hunter2-secret at 77, though 1774 works');
    assert.throws(
      () => {
        configuration.throwProblems();
      },
      {
        message: `[CONFIG_INVALID] The configuration has 2 problems.
/etc/hs/vesicle.yaml:1:17: Error in configuration at 'public_baseurl':
  expected a URL that starts with http:// or https://.
/etc/hs/vesicle.yaml:2:16: Error in configuration at 'admin_contact':
  cannot reach \${env:TOKEN} at \${env:PIN}, though 1774 works`,
      },
    );
  });
});
