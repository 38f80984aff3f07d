import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileSchema } from '../../../src/config/file-schema.js';
import { homeserverSettings } from '../../../src/config/homeserver/homeserver-config.js';
import { ignoredKeys } from '../../../src/config/homeserver/ignored-keys.js';
import type { JsonSchema } from '../../../src/config/values/json-schema.js';
import { keyOf } from '../../../src/config/values/settings.js';

const schema = fileSchema([]);
const { properties = {} } = schema;

test('every key that is read says in the schema what it may be', () => {
  const silent = Object.entries(homeserverSettings)
    .map(([property, setting]) => keyOf(property, setting))
    .filter((key) => Object.keys(properties[key] ?? {}).length === 0);
  assert.deepEqual(silent, []);
});

test('keys of Synapse that mean nothing here may be anything, other keys are wrong', () => {
  for (const key of ignoredKeys) assert.deepEqual(properties[key], {}, key);
  assert.equal(schema.additionalProperties, false);
});

const limit = (perSecond: number, burstCount: number): JsonSchema => ({
  type: 'object',
  properties: {
    per_second: { type: 'number', minimum: 0, default: perSecond },
    burst_count: { type: 'number', minimum: 0, default: burstCount },
  },
  additionalProperties: false,
});

const rows: readonly (readonly [key: string, schema: JsonSchema])[] = [
  ['server_name', { type: 'string', default: 'localhost' }],
  ['public_baseurl', { type: 'string', description: 'By default `https://<server_name>/`.' }],
  ['enable_registration', { type: 'boolean', default: true }],
  ['bcrypt_rounds', { type: 'integer', minimum: 4, maximum: 31, default: 12 }],
  ['filter_timeline_limit', { type: 'integer', minimum: -1, default: 100 }],
  ['auto_join_rooms', { type: 'array', items: { type: 'string' } }],
  [
    'autocreate_auto_join_room_preset',
    { enum: ['public_chat', 'private_chat', 'trusted_private_chat'], default: 'public_chat' },
  ],
  ['encryption_enabled_by_default_for_room_type', { enum: ['all', 'invite', 'off', false], default: 'off' }],
  ['rc_message', limit(0.2, 10)],
  [
    'rc_joins',
    { type: 'object', properties: { local: limit(0.1, 10), remote: limit(0.01, 10) }, additionalProperties: false },
  ],
  ['database_path', { type: 'string' }],
  ['form_secret_path', { type: 'string' }],
];
for (const [key, expected] of rows) {
  test(`${key} is described`, () => {
    assert.deepEqual(properties[key], expected);
  });
}

test('a value that may be null says so, and one with a unit how it is written', () => {
  const lifetime = {
    type: ['integer', 'string'],
    pattern: '^[-+]?\\d+[smhdwy]?$',
    description: 'Milliseconds, or a number with s, m, h, d, w or y.',
  };
  assert.deepEqual(properties['session_lifetime'], lifetime);
  assert.deepEqual(properties['user_ips_max_age'], {
    anyOf: [lifetime, { type: 'null' }],
    description: 'Null: kept for ever.',
    default: 2_419_200_000,
  });
});

test('a section says what it needs', () => {
  assert.deepEqual(properties['server_notices']?.required, ['system_mxid_localpart']);
  assert.deepEqual(properties['thumbnail_sizes']?.items?.required, ['width', 'height', 'method']);
});
