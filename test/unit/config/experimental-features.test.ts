import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { experimentalFeatures, knownFeatures } from '../../../src/config/homeserver/experimental-features.js';
import { Diagnostics, ConfigCursor } from '../../../src/config/values/config-cursor.js';

test('features that do nothing here are warned of by name, and those that are switched off are not', () => {
  const diagnostics = new Diagnostics();
  experimentalFeatures(
    { msc4293_enabled: true, msc3266_limit: 5, msc9999_enabled: false, msc4155_enabled: true },
    new ConfigCursor(diagnostics, ['experimental_features']),
  );
  assert.deepEqual(
    diagnostics.warnings.map(({ path }) => path.join('.')),
    ['experimental_features.msc4293_enabled', 'experimental_features.msc3266_limit'],
  );
});

test('the features that are known are those that the homeserver reads', () => {
  const folder = join(process.cwd(), 'src', 'homeserver');
  const read = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const found = readFileSync(join(folder, file), 'utf8').matchAll(/xperimentalFeatures\['(\w+)'\]/g);
    for (const [, name = ''] of found) read.add(name);
  }
  assert.deepEqual([...read].sort(), [...knownFeatures].sort());
});
