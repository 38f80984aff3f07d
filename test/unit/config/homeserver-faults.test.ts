import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseConfiguration } from '../../support/parse-configuration.js';
import { Configuration } from '../../../src/config/configuration.js';
import type { FileReader } from '../../../src/config/yaml/secrets.js';
import { VesicleError } from '../../../src/errors/vesicle-error.js';
import { loadModules } from '../../../src/loader/module-source.js';

interface Fault {
  readonly title: string;
  readonly yaml: string;
  readonly message: string;
}

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefgh'.split('').map(
    (name, index) =>
      `${name}: &${name} [${Array(10)
        .fill(`*${'abcdefgh'[index] ?? ''}`)
        .join(', ')}]`,
  ),
];

const faults: readonly Fault[] = [
  {
    title: 'a bracket that is not closed',
    yaml: 'server_name: localhost\nlisteners: [{ port: 8008 }\nmodules: []\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:3:1: Error in configuration:
  the YAML is wrong here: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct it.`,
  },
  {
    title: 'a tab for indentation',
    yaml: 'listeners:\n\t- port: 8008\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:1: Error in configuration:
  tabs are not allowed as indentation. Use spaces.`,
  },
  {
    title: 'two keys on one line',
    yaml: 'server_name: localhost: 8008\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:14: Error in configuration:
  there is a second "key:" on one line. Put it on a line of its own, or the value in quotes.`,
  },
  {
    title: 'a template with statements',
    yaml: 'server_name: {{ name }}\n{% for m in modules %}\n  - {{ m }}\n{% endfor %}\nport: {{ port }}\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:2: Error in configuration:
  the file is a template, as "{{" or "{%" on this line shows. Name the file that is made of it.`,
  },
  {
    title: 'a template with an expression alone',
    yaml: 'listeners: []\nserver_name: {{ name }}\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:15: Error in configuration:
  the file is a template, as "{{" or "{%" on this line shows. Name the file that is made of it.`,
  },
  {
    title: 'a second document',
    yaml: 'server_name: a\n---\nserver_name: b\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:1: Error in configuration:
  the file has a second document. Remove the line "---".`,
  },
  {
    title: 'a tag that makes no plain value',
    yaml: 'server_name: !!python/object:os.system x\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:40: Error in configuration at 'server_name':
  the tag "!!python/object:os.system" is not known. Remove it.`,
  },
  {
    title: 'a number that JavaScript cannot hold',
    yaml: 'experimental_features:\n  id: 1093847562019384757\n  yes: 1\n  day: 2026-02-30T10:00:00Z\n',
    message: `[CONFIG_INVALID] The configuration has 3 problems.
vesicle.yaml:2:7: Error in configuration at 'experimental_features.id':
  the number 1093847562019384757 is too large to be exact. Write it in quotes.
vesicle.yaml:3:3: Error in configuration at 'experimental_features.yes':
  the key yes is true or false in YAML. Write it in quotes: "yes".
vesicle.yaml:4:8: Error in configuration at 'experimental_features.day':
  "2026-02-30T10:00:00Z" is not a date or time that exists. Correct it, or write it in quotes without a tag.`,
  },
  {
    title: 'tabs between values, which PyYAML refuses',
    yaml: 'server_name:\tlocalhost\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:13: Error in configuration:
  tabs are allowed in quotes and comments only. Use spaces.`,
  },
  {
    title: 'a list in place of everything',
    yaml: '- server_name: localhost\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:1: Error in configuration:
  expected a mapping, got a list. Write "key: value" lines below the key.`,
  },
  {
    title: 'a duplicate key',
    yaml: 'server_name: a\npresence:\n  enabled: true\n  enabled: false\nserver_name: b\n',
    message: `[CONFIG_INVALID] The configuration has 2 problems.
vesicle.yaml:4:3: Error in configuration at 'presence.enabled':
  duplicate key "enabled". Keep one of them.
vesicle.yaml:5:1: Error in configuration at 'server_name':
  duplicate key "server_name". Keep one of them.`,
  },
  {
    title: 'an unknown key, with and without a near name',
    yaml: 'enable_registrations: true\nzzzzzzzz: 1\npassword_config: { enable: true }\n',
    message: `[CONFIG_INVALID] The configuration has 3 problems.
vesicle.yaml:1:1: Error in configuration at 'enable_registrations':
  unknown key "enable_registrations". Did you mean "enable_registration"?
vesicle.yaml:2:1: Error in configuration at 'zzzzzzzz':
  unknown key "zzzzzzzz". Remove it.
vesicle.yaml:3:20: Error in configuration at 'password_config.enable':
  unknown key "enable". Did you mean "enabled"?`,
  },
  {
    title: 'a wrong type',
    yaml: 'server_name: 5\nenable_registration: "yes"\nlisteners: { port: 8008 }\nmax_upload_size: 50MB\nsession_lifetime: 5 days\nemail: off\nrc_message: { per_second: -1 }\nbcrypt_rounds: 12.5\n',
    message: `[CONFIG_INVALID] The configuration has 8 problems.
vesicle.yaml:1:14: Error in configuration at 'server_name':
  expected a string, got 5. Write it in quotes.
vesicle.yaml:2:22: Error in configuration at 'enable_registration':
  expected true or false, got "yes". Write true or false without quotes.
vesicle.yaml:3:12: Error in configuration at 'listeners':
  expected a list, got a mapping. Write it as a list: [..., ...].
vesicle.yaml:4:18: Error in configuration at 'max_upload_size':
  expected a size, got "50MB". Write a whole number with K, M, G or T ("50M"), or bytes.
vesicle.yaml:5:19: Error in configuration at 'session_lifetime':
  expected a duration, got "5 days". Write a whole number with s, m, h, d, w or y ("5d"), or milliseconds.
vesicle.yaml:6:8: Error in configuration at 'email':
  expected a mapping, got false. Write "key: value" lines below the key.
vesicle.yaml:7:27: Error in configuration at 'rc_message.per_second':
  expected a number from 0 on, got -1.
vesicle.yaml:8:16: Error in configuration at 'bcrypt_rounds':
  expected a whole number from 4 to 31, got 12.5.`,
  },
  {
    title: 'a fault in a list of mappings, and what a mapping lacks',
    yaml: 'listeners:\n  - port: 8008\n  - port: 80080\n    resources: [{ compress: true }]\n  - type: http\nmedia_upload_limits: [{ time_period: 1h }]\nroom_list_publication_rules: [{ action: maybe }]\n',
    message: `[CONFIG_INVALID] The configuration has 5 problems.
vesicle.yaml:3:11: Error in configuration at 'listeners.<item 1>.port':
  expected a whole number from 0 to 65535, got 80080.
vesicle.yaml:4:17: Error in configuration at 'listeners.<item 1>.resources.<item 0>':
  "names" is missing. Add it.
vesicle.yaml:5:5: Error in configuration at 'listeners.<item 2>':
  neither "port" nor "path" is given. Add "port: 8008".
vesicle.yaml:6:23: Error in configuration at 'media_upload_limits.<item 0>':
  "max_size" is missing. Add it.
vesicle.yaml:7:41: Error in configuration at 'room_list_publication_rules.<item 0>.action':
  expected one of "allow", "deny", got "maybe".`,
  },
  {
    title: 'a database that is not there',
    yaml: 'database: { name: psycopg2, args: { user: synapse } }\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:19: Error in configuration at 'database.name':
  the embedded homeserver has SQLite only. Write "sqlite3", or leave "database" out.`,
  },
  {
    title: 'settings that do not go together',
    yaml: 'limit_profile_requests_to_users_who_share_rooms: true\nsession_lifetime: 1m\nrefresh_token_lifetime: 1h\nautocreate_auto_join_room_preset: private_chat\nregistration_shared_secret: a\nregistration_shared_secret_path: b\n',
    message: `[CONFIG_INVALID] The configuration has 4 problems.
vesicle.yaml:1:50: Error in configuration at 'limit_profile_requests_to_users_who_share_rooms':
  needs "require_auth_for_profile_requests: true". Add it.
vesicle.yaml:3:25: Error in configuration at 'refresh_token_lifetime':
  is longer than "session_lifetime". Shorten it.
vesicle.yaml:4:35: Error in configuration at 'autocreate_auto_join_room_preset':
  needs "auto_join_mxid_localpart", the user who invites to such rooms. Add it.
vesicle.yaml:6:1: Error in configuration at 'registration_shared_secret_path':
  both "registration_shared_secret" and "registration_shared_secret_path" are given. Keep one of them.`,
  },
  {
    title: 'an alias bomb',
    yaml: `${bomb.join('\n')}\n`.replace(/^/, 'experimental_features:\n').replace(/\n(?=.)/g, '\n  '),
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:5:38: Error in configuration at 'experimental_features.d.<item 7>':
  the aliases of this file make it more than 10000 values. Use fewer.`,
  },
  {
    title: 'an alias that holds itself, and one to nothing',
    yaml: 'experimental_features:\n  a: &a { b: [*a] }\n  c: *nothing\n',
    message: `[CONFIG_INVALID] The configuration has 2 problems.
vesicle.yaml:2:15: Error in configuration at 'experimental_features.a.b.<item 0>':
  "*a" refers to itself. Remove it.
vesicle.yaml:3:6: Error in configuration at 'experimental_features.c':
  "*nothing" refers to nothing. Write "&nothing" before an earlier value.`,
  },
  {
    title: 'thousands of brackets',
    yaml: `${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:1:1: Error in configuration:
  the file is nested too deeply. Write it flatter.`,
  },
  {
    title: 'keys that would reach into prototypes',
    yaml: '__proto__: { serverName: evil }\nconstructor: 1\nemail:\n  notif_from: a@b.c\n  __proto__: 1\n',
    message: `[CONFIG_INVALID] The configuration has 3 problems.
vesicle.yaml:1:1: Error in configuration at '__proto__':
  the key "__proto__" is not allowed. Rename it.
vesicle.yaml:2:1: Error in configuration at 'constructor':
  unknown key "constructor". Remove it.
vesicle.yaml:5:3: Error in configuration at 'email.__proto__':
  the key "__proto__" is not allowed. Rename it.`,
  },
  {
    title: 'a mapping as a key',
    yaml: 'experimental_features:\n  ? { a: 1 }\n  : 2\n',
    message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:5: Error in configuration at 'experimental_features.?':
  a key must be one text. Write "key: value".`,
  },
  {
    title: 'secrets that are not there',
    yaml: 'turn_shared_secret: ${env:NOT_SET}\nregistration_shared_secret: ${file:not-there.txt}\nmacaroon_secret_key_path: denied.txt\n',
    message: `[CONFIG_INVALID] The configuration has 3 problems.
vesicle.yaml:1:21: Error in configuration at 'turn_shared_secret':
  the environment variable "NOT_SET" is not set. Set it, or write the value here.
vesicle.yaml:2:29: Error in configuration at 'registration_shared_secret':
  cannot read the file "not-there.txt": there is no such file. Create it, or correct the path.
vesicle.yaml:3:27: Error in configuration at 'macaroon_secret_key_path':
  cannot read the file: permission denied.`,
  },
  {
    title: 'a modules section that is no list, and a mail section without a sender',
    yaml: 'modules: { module: ./a.ts }\nemail: { smtp_host: localhost, force_tls: true, enable_tls: false }\n',
    message: `[CONFIG_INVALID] The configuration has 3 problems.
vesicle.yaml:1:10: Error in configuration at 'modules.<item 0>':
  expected a mapping that is an item of a list, got a mapping in place of it. Write "- module: ./my-module.ts" lines below "modules:".
vesicle.yaml:2:8: Error in configuration at 'email':
  "notif_from" is missing. Add it: the sender that mails name, "Me <me@example.org>".
vesicle.yaml:2:8: Error in configuration at 'email':
  "force_tls" needs "enable_tls: true". Remove one of them.`,
  },
];

const files: FileReader = {
  read: (path) => ({ reason: path.endsWith('denied.txt') ? 'permission denied' : 'there is no such file' }),
};

describe('a configuration that is refused', () => {
  for (const { title, yaml, message } of faults) {
    test(title, () => {
      assert.throws(
        () => parseConfiguration(yaml, { file: 'vesicle.yaml', env: {}, files }),
        (error) => {
          assert.ok(error instanceof VesicleError);
          assert.equal(error.code, 'CONFIG_INVALID');
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }
});

test('a file that is not UTF-8 is refused where it stops to be', () => {
  assert.throws(
    () => parseConfiguration(Buffer.from('server_name: localhost\n# caf\xe9\n', 'latin1'), { file: 'vesicle.yaml' }),
    {
      message: `[CONFIG_INVALID] The configuration has a problem.
vesicle.yaml:2:6: Error in configuration:
  the file is not UTF-8 here (it looks like another encoding). Save it as UTF-8.`,
    },
  );
});

describe('something in place of the list of modules', () => {
  const places: readonly (readonly [yaml: string, path: string | undefined])[] = [
    ['{ a: { module: ./a.ts }, b: 1 }', 'modules.<item 0>'],
    ['./a.ts', 'modules.<item 0>'],
    ['"5"', 'modules.<item 0>'],
    ['!!set { a, b }', 'modules.<item 0>'],
    ['!!binary aGVsbG8=', 'modules.<item 0>'],
    ['!!omap [a: 1]', 'modules.<item 0>'],
    ['5', 'modules'],
    ['true', 'modules'],
    ['.nan', 'modules'],
    ['2026-01-31', 'modules'],
    ...['~', '', 'false', '0', '-0', '0.0', '""', '[]', '{}', '!!set {}', '!!omap []', '!!binary ""'].map(
      (yaml) => [yaml, undefined] as const,
    ),
  ];
  for (const [yaml, path] of places) {
    test(`${yaml} is ${path === undefined ? 'no modules' : `refused at ${path}`}`, async () => {
      const configuration = Configuration.read(`modules: ${yaml}`);
      const loading = loadModules(configuration);
      if (path === undefined) assert.deepEqual(await loading, []);
      else await assert.rejects(loading, new RegExp(`Error in configuration at '${path}':`));
    });
  }
});

describe('what Synapse refuses', () => {
  const refused: readonly (readonly [yaml: string, text: RegExp])[] = [
    [
      'listeners: [{ port: 8008, type: http, resources: [{ names: [client, webclient] }] }]',
      /resources\.<item 0>\.names\.<item 1>':\n {2}expected one of "client"/,
    ],
    [
      'retention: { allowed_lifetime_min: 2y, allowed_lifetime_max: 1y }',
      /retention\.allowed_lifetime_min':\n {2}it is greater than "allowed_lifetime_max"/,
    ],
    [
      'retention: { default_policy: { min_lifetime: 2d, max_lifetime: 1d } }',
      /default_policy\.min_lifetime':\n {2}it is greater than "max_lifetime"/,
    ],
    ['retention: { purge_jobs: [{ longest_max_lifetime: 3d }] }', /item 0>':\n {2}"interval" is missing/],
    ['retention: { purge_jobs: [{ interval: 5.0 }] }', /interval':\n {2}5\.0 has a point/],
    ['retention: { purge_jobs: [{ interval: 1d, longest: 2d }] }', /unknown key "longest"/],
    ['retention: { purge_jobs: { interval: 1d } }', /purge_jobs':\n {2}expected a list, got a mapping/],
    [
      'retention: { purge_jobs: [{ interval: 1d }, { interval: 1d, shortest_max_lifetime: 3d, longest_max_lifetime: 2d }] }',
      /purge_jobs\.<item 1>\.shortest_max_lifetime':\n {2}it is greater than "longest_max_lifetime"/,
    ],
    [
      'default_room_version: 11.0',
      /default_room_version':\n {2}11\.0 has a point, with which Synapse refuses it\. Write 11\./,
    ],
    ['default_room_version: &v 9.\nsession_lifetime: *v', /2 problems/],
    ['default_room_version: 13', /got "13"/],
    ['default_room_version:', /got nothing/],
    ['default_room_version: true', /got true/],
    ['max_upload_size: 5.0', /Write 5\./],
    ['session_lifetime: 5.0', /Write 5\./],
    ['listeners: [{ port: 8008.0 }]', /Write 8008\./],
    ['max_event_delay_duration: -1', /expected a duration/],
    ['max_event_delay_duration: 0', /expected a duration above 0/],
    ['presence: { enabled: "false" }', /Write false without quotes/],
  ];
  for (const [yaml, text] of refused) {
    test(yaml, () => {
      assert.throws(() => parseConfiguration(yaml), text);
    });
  }

  for (const yaml of ['11', '"11"', "'11'", '0xb', '013', '1_1']) {
    test(`room version ${yaml} is taken`, () => {
      assert.equal(parseConfiguration(`default_room_version: ${yaml}`).homeserver.defaultRoomVersion, '11');
    });
  }

  test('purge jobs that are right have no meaning here', () => {
    const { warnings } = parseConfiguration('retention: { purge_jobs: [{ interval: 1d, longest_max_lifetime: 3d }] }');
    assert.deepEqual(warnings, ["'retention.purge_jobs' has no meaning on the embedded homeserver"]);
  });

  test('keys that are old and not near to another get no suggestion', () => {
    assert.throws(
      () => parseConfiguration('enable_group_creation: true'),
      /unknown key "enable_group_creation"\. Remove it\./,
    );
  });

  test('thousands of unknown keys are told in time that grows with their number', () => {
    const timeOf = (count: number): number => {
      const yaml = Array.from({ length: count }, (_, index) => `unknown_key_${index}: 1`).join('\n');
      const before = process.cpuUsage();
      assert.throws(() => parseConfiguration(yaml), new RegExp(`unknown key "unknown_key_${count - 1}"`));
      return process.cpuUsage(before).user;
    };
    timeOf(200);
    assert.ok(timeOf(8000) < 20 * 8 * timeOf(1000));
    assert.ok(timeOf(8000) < 20_000_000);
  });

  for (const [how, deep] of [
    ['brackets', (levels: number) => '['.repeat(levels) + ']'.repeat(levels)],
    ['braces', (levels: number) => '{a: '.repeat(levels) + '1' + '}'.repeat(levels)],
    [
      'indentation',
      (levels: number) => Array.from({ length: levels }, (_, at) => `\n${' '.repeat(at + 4)}a:`).join(''),
    ],
    [
      'aliases',
      (levels: number) =>
        `&a0 [1]\n  y: [${Array.from({ length: levels }, (_, at) => `&a${at + 1} [*a${at}]`).join(', ')}]`,
    ],
    ['dashes', (levels: number) => `\n  ${'- '.repeat(levels)}1`],
  ] as const) {
    test(`levels of ${how} are taken up to a limit, and refused beyond it`, () => {
      const yaml = (levels: number): string =>
        `experimental_features: { a: 1 }\nextra_well_known_client_content:\n  x: ${deep(levels)}`;
      assert.doesNotThrow(() => parseConfiguration(yaml(50)));
      for (const levels of [150, 1500, 20_000]) {
        if (how === 'indentation' && levels > 1500) continue;
        assert.throws(() => parseConfiguration(yaml(levels)), /nested too deeply\. Write it flatter/);
      }
    });
  }

  test('a secret from a device or a large file is refused, not read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vesicle-secrets-'));
    try {
      await writeFile(join(folder, 'large'), Buffer.alloc(1_048_577, 'a'));
      for (const [file, why] of [
        ['/dev/zero', 'it is a device or a pipe'],
        [join(folder, 'large'), 'it is larger than 1048576 bytes'],
      ]) {
        assert.throws(() => parseConfiguration(`registration_shared_secret: \${file:${String(file)}}`), {
          message: new RegExp(String(why)),
        });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
