import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileSchema } from '../../../src/config/file-schema.js';
import { homeserverKeys } from '../../../src/config/homeserver/homeserver-keys.js';
import { ignoredKeys } from '../../../src/config/homeserver/ignored-keys.js';
import type { JsonSchema } from '../../../src/config/values/json-schema.js';
import { snakeCase } from '../../../src/config/values/snake-case.js';

const schema = fileSchema([]);
const { properties = {} } = schema;

test('every key that is read says in the schema what it may be', () => {
  const silent = Object.keys(homeserverKeys)
    .map(snakeCase)
    .filter((key) => Object.keys(properties[key] ?? {}).length === 0);
  assert.deepEqual(silent, []);
});

test('keys of Synapse that mean nothing here may be anything, other keys are wrong', () => {
  for (const key of ignoredKeys) assert.deepEqual(properties[key], {}, key);
  assert.equal(schema.additionalProperties, false);
});

const perSecond = { type: 'number', minimum: 0 };
const limit: JsonSchema = {
  type: 'object',
  properties: { per_second: perSecond, burst_count: perSecond },
  additionalProperties: false,
};

const rows: readonly (readonly [key: string, schema: JsonSchema])[] = [
  ['server_name', { type: 'string' }],
  ['enable_registration', { type: 'boolean' }],
  ['bcrypt_rounds', { type: 'integer', minimum: 4, maximum: 31 }],
  ['filter_timeline_limit', { type: 'integer', minimum: -1 }],
  ['auto_join_rooms', { type: 'array', items: { type: 'string' } }],
  ['autocreate_auto_join_room_preset', { enum: ['public_chat', 'private_chat', 'trusted_private_chat'] }],
  ['encryption_enabled_by_default_for_room_type', { enum: ['all', 'invite', 'off', false] }],
  ['rc_message', limit],
  ['rc_joins', { type: 'object', properties: { local: limit, remote: limit }, additionalProperties: false }],
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
  assert.deepEqual(properties['user_ips_max_age'], { anyOf: [lifetime, { type: 'null' }] });
});

test('a section says what it needs', () => {
  assert.deepEqual(properties['server_notices']?.required, ['system_mxid_localpart']);
  assert.deepEqual(properties['thumbnail_sizes']?.items?.required, ['width', 'height', 'method']);
});
