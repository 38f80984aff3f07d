import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_SPAM, type SpamVerdict } from '../../src/callbacks/spam-verdict.js';
import { Callback } from '../../src/decorators/callback.js';
import { preDestroy } from 'inversify';
import { Module } from '../../src/decorators/module.js';
import { ConfigError } from '../../src/errors/config-error.js';
import { Codes } from '../../src/errors/matrix-codes.js';
import { SynapseError } from '../../src/errors/synapse-error.js';
import { ModuleApi } from '../../src/module-api/module-api.js';
import type { MatrixEvent } from '../../src/matrix/event.js';
import { limits } from '../../src/synapse/protocol/protocol.js';
import { FakeBridge } from '../support/fake-bridge.js';
import type { WireError } from '../../src/synapse/protocol/wire-values.js';
import { openTestHost } from '../support/module-host-process.js';

const event = {
  event_id: '$e',
  room_id: '!r:here.test',
  room_version: '11',
  pdu: {
    type: 'm.room.message',
    sender: '@alice:here.test',
    content: { body: 'visit my casino' },
    origin_server_ts: 1,
    depth: 3,
    unsigned: {},
  },
};

@Module()
class Filter {
  static ended: (string | null)[] = [];

  constructor(private readonly api: ModuleApi) {}

  @Callback('spam_checker', 'check_event_for_spam', { when: { type: 'm.room.message' }, timeout: 900 })
  async check({ content, sender }: MatrixEvent): Promise<SpamVerdict> {
    if (content['body'] === 'throw') throw new SynapseError(418, 'teapot', 'ORG.TEA', { pot: 1 });
    if (await this.api.isUserAdmin(sender)) return NOT_SPAM;
    return content['body'] === 'visit my casino' ? Codes.FORBIDDEN : NOT_SPAM;
  }

  @preDestroy()
  end(): void {
    Filter.ended.push(this.api.workerName);
  }
}

test('modules are loaded, made, asked and ended over one connection', async (t) => {
  const { address, host, log } = await openTestHost(t, { './filter.ts': Filter });
  let isAdmin = false;
  const bridge = await FakeBridge.open(t, address, [{ module: './filter.ts' }], {
    homeserver: { worker_name: 'worker1' },
    answers: (method, params) => {
      assert.deepEqual(
        [method, { ...params, call: typeof params['call'] }],
        ['api.call', { call: 'number', method: 'is_user_admin', args: { user_id: '@alice:here.test' } }],
      );
      return isAdmin;
    },
  });
  assert.deepEqual(bridge.registered, {
    callbacks: [
      {
        category: 'spam_checker',
        name: 'check_event_for_spam',
        entries: [
          {
            module: 'Filter',
            mode: 'enforce',
            when: { type: 'm.room.message' },
            timeout: 900,
            on_failure: { local: 'error', federated: 'allow' },
          },
        ],
      },
    ],
    web: [],
  });
  assert.deepEqual(await bridge.invoke('spam_checker.check_event_for_spam', event), { errcode: 'M_FORBIDDEN' });
  isAdmin = true;
  assert.equal(await bridge.invoke('spam_checker.check_event_for_spam', event), null);
  const throwing = { ...event, pdu: { ...event.pdu, content: { body: 'throw' } } };
  await assert.rejects(bridge.invoke('spam_checker.check_event_for_spam', throwing), {
    wire: {
      type: 'SynapseError',
      message: 'teapot',
      status: 418,
      errcode: 'ORG.TEA',
      additional_fields: { pot: 1 },
    },
  });
  bridge.socket.end();
  await host.close();
  assert.deepEqual(Filter.ended.splice(0), ['worker1']);
  assert.ok(log.texts.some((text) => text.startsWith('info The connection ended')));
});

@Module()
class Picky {
  static parseConfig(config: { readonly rules?: readonly string[] }): unknown {
    if (config.rules === undefined) throw new ConfigError('expected a list', ['rules', 0]);
    return config;
  }
}

const circular: { self?: unknown } = {};
circular.self = circular;
const unspeakable: readonly (readonly [what: string, thrown: unknown, told: RegExp])[] = [
  [
    'an error with an integer of any size',
    new SynapseError(403, 'no', 'M_A', { size: 10n ** 20n }),
    /additional_fields\.size is a bigint/,
  ],
  [
    'an error with a circle',
    new SynapseError(403, 'no', 'M_A', { circular }),
    /additional_fields\.circular\.self is an object that holds itself/,
  ],
  ['an object without a text', Object.create(null), /cannot be read/],
  ['an error longer than a frame may be', new Error('x'.repeat(limits.frame)), /too long|bytes/],
  ['a symbol', Symbol('odd'), /Symbol\(odd\)/],
  ['nothing', undefined, /undefined/],
];

@Module()
class Thrower {
  static thrown: unknown;

  @Callback('spam_checker', 'check_event_for_spam')
  async check(): Promise<SpamVerdict> {
    throw Thrower.thrown;
  }
}

test('whatever a module throws is an error of its call, and no more', async (t) => {
  const { address } = await openTestHost(t, { Thrower });
  const bridge = await FakeBridge.open(t, address, [{ module: 'Thrower' }]);
  for (const [what, thrown, told] of unspeakable) {
    Thrower.thrown = thrown;
    const failed = bridge.invoke('spam_checker.check_event_for_spam', event);
    await assert.rejects(failed, ({ wire }: { readonly wire: WireError }) => told.test(wire.message), what);
  }
});

test('a wrong configuration is told with the paths that Synapse prints', async (t) => {
  const { address } = await openTestHost(t, { './picky.ts': Picky });
  const bridge = await FakeBridge.connect(t, address);
  await bridge.hello();
  const modules = [{ module: './picky.ts', config: {} }, { module: 7 }, 'x'];
  assert.deepEqual(await bridge.request('modules.load', { modules }), {
    modules: [],
    problems: [
      {
        path: ['modules', '<item 0>', 'config', 'rules', '<item 0>'],
        messages: ["Failed to parse config for module './picky.ts'", 'expected a list'],
      },
      {
        path: ['modules', '<item 1>', 'module'],
        messages: ['expected a string, got 7. Write "module: ./my-module.ts".'],
      },
      {
        path: ['modules', '<item 2>'],
        messages: ['expected a mapping, got a string. Write "- module: ./my-module.ts".'],
      },
    ],
  });
});

test('the host, too, says what is wrong with a configuration, once', async (t) => {
  const { address, log } = await openTestHost(t, { Filter });
  const load = async (config: object): Promise<void> => {
    const bridge = await FakeBridge.connect(t, address);
    await bridge.hello();
    await bridge.request('modules.load', { modules: [{ module: 'Filter', ...config }] });
  };
  const complaint = /^error Synapse cannot use the modules: modules\.<item 0>\.mode: expected one of /;
  const complaints = (): number => log.texts.filter((text) => complaint.test(text)).length;
  await load({ mode: 'maybe' });
  await load({ mode: 'maybe' });
  assert.equal(complaints(), 1);
  await load({});
  await load({ mode: 'maybe' });
  assert.equal(complaints(), 2);
});
