import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SynapseError } from '../../../src/errors/synapse-error.js';
import { refuseBlockedAddress } from '../../../src/homeserver/runtime/ip-blocklist.js';

const refused = [
  '127.0.0.1:1',
  '2130706433',
  '0x7f.1',
  '10.9.8.7',
  '172.31.0.1',
  '0.0.0.0',
  '[::]',
  '[::1]',
  '[fe80::1]',
];
const allowed = ['8.8.8.8', '172.32.0.1', '1.0.0.0', 'example.org', 'localhost', '[2001:4860::1]', '[::2]'];

describe('addresses that requests on behalf of users must not reach', () => {
  for (const host of [...refused, '[::ffff:10.0.0.1]']) {
    it(`refuses ${host}`, () => {
      assert.throws(
        () => {
          refuseBlockedAddress(new URL(`https://${host}/path`));
        },
        new SynapseError(403, 'IP address blocked'),
      );
    });
  }

  for (const host of allowed) {
    it(`lets ${host} pass`, () => {
      refuseBlockedAddress(new URL(`https://${host}/path`));
    });
  }
});
