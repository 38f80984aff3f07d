import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messages } from '../../src/synapse/protocol/protocol.js';
import { readMessageTypes } from '../docs/message-types.js';
import { readBridgeModules } from '../../src/synapse/python/bridge-package.js';
import { inProject } from '../support/project.js';

const bridge = [...readBridgeModules(inProject('src/synapse/python')).values()].join('\n');

test('every message of the protocol has types, and a notice no result', () => {
  const types = readMessageTypes();
  for (const [name, { kind }] of Object.entries(messages)) {
    assert.equal(types.get(name)?.result === undefined, kind === 'notice', name);
  }
});

test('the bridge knows every message of the protocol by its name', () => {
  for (const name of Object.keys(messages)) assert.ok(bridge.includes(`"${name}"`), name);
});
