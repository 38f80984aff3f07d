import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synapseSettings } from '../../../src/cli/synapse-settings.js';
import { Configuration } from '../../../src/config/configuration.js';

const bridge = [{ module: 'vesicle_bridge.VesicleBridge', config: {} }];

function settingsFor(file: object, ports: readonly number[] = [8008]): Record<string, unknown> {
  const options = { folder: '/data', modules: bridge, ports, signingKey: 'ed25519 a_b key' };
  return synapseSettings(Configuration.of(file), options) as Record<string, unknown>;
}

test('keys of the file go to Synapse as they are, modules into the entry of the bridge', () => {
  const settings = settingsFor({
    server_name: 'example.org',
    presence: { enabled: false },
    rc_message: { per_second: 1, burst_count: 2 },
    modules: [{ module: './a.ts' }],
  });
  assert.equal(settings['server_name'], 'example.org');
  assert.deepEqual(settings['presence'], { enabled: false });
  assert.deepEqual(settings['rc_message'], { per_second: 1, burst_count: 2 });
  assert.equal(settings['modules'], bridge);
});

test('what the file leaves out is as on the embedded homeserver: open registration, no limits, this machine only', () => {
  const settings = settingsFor({});
  assert.equal(settings['enable_registration'], true);
  assert.deepEqual(settings['rc_message'], { per_second: 1_000_000, burst_count: 1_000_000 });
  assert.deepEqual(settings['database'], { name: 'sqlite3', args: { database: ':memory:' } });
  assert.deepEqual(settings['listeners'], [
    {
      port: 8008,
      bind_addresses: ['127.0.0.1'],
      type: 'http',
      tls: false,
      x_forwarded: false,
      resources: [{ names: ['client', 'federation'], compress: false }],
    },
  ]);
});

test('a listener on any port gets the one that was found free', () => {
  const settings = settingsFor({ listeners: [{ port: 0 }] }, [40_001]);
  assert.equal((settings['listeners'] as readonly { readonly port: number }[])[0]?.port, 40_001);
});

test('secrets are the same at each start of one signing key', () => {
  assert.equal(settingsFor({})['macaroon_secret_key'], settingsFor({})['macaroon_secret_key']);
  assert.notEqual(settingsFor({})['macaroon_secret_key'], settingsFor({})['form_secret']);
});
