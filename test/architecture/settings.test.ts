import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HomeserverConfig, unusedSettings } from '../../src/config/homeserver/homeserver-config.js';

test('every setting of homeserver.yaml that is read without a warning is used by the homeserver', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.startsWith('config/'));
  const code = sources.map((file) => readFileSync(join('src', file), 'utf8')).join('\n');
  const isUsed = (setting: string): boolean => new RegExp(`\\b${setting}\\b`).test(code);
  const settings = Object.keys(new HomeserverConfig());
  const unused = settings.filter((setting) => !isUsed(setting));
  // `isUnused` in src/config/homeserver/homeserver-config.ts says it of each.
  assert.deepEqual([...unusedSettings].sort(), unused.sort());
});
