import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HomeserverConfig } from '../../../src/config/homeserver/homeserver-config.js';
import { snakeCase } from '../../../src/config/values/snake-case.js';
import { camelKeys } from '../../../src/matrix/casing.js';

const rows: readonly (readonly [name: string, expected: string])[] = [
  ['words', 'words'],
  ['bannedWords', 'banned_words'],
  ['homeserverURL', 'homeserver_url'],
  ['HTTPServer', 'http_server'],
  ['aB', 'a_b'],
  ['retry3Times', 'retry3_times'],
  ['sha256Sum', 'sha256_sum'],
  ['i18nPath', 'i18n_path'],
  ['oauth2', 'oauth2'],
  ['enable3pidChanges', 'enable_3pid_changes'],
  ['registrationsRequire3pid', 'registrations_require_3pid'],
  ['allowed3pids', 'allowed_3pids'],
  ['3pids', '3pids'],
  ['a13pids', 'a13pids'],
  ['already_snake', 'already_snake'],
];
for (const [name, expected] of rows) {
  test(`${name} is ${expected}`, () => {
    assert.equal(snakeCase(name), expected);
  });
}

test('the names of all settings come back from their keys', () => {
  for (const name of Object.keys(new HomeserverConfig())) {
    assert.deepEqual(Object.keys(camelKeys({ [snakeCase(name)]: null })), [name]);
  }
});

test('names of words in camelCase come back from their keys, and a key is its own key', () => {
  const word = fc.stringMatching(/^[a-z][a-z]{1,8}[0-9]{0,2}$/);
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.constant('3pid')), { minLength: 1, maxLength: 5 }), (rest) => {
      const words = ['x', ...rest];
      // Two words that digits join cannot be told apart: "a1" "3pid" is "a13pid".
      fc.pre(!words.some((one, index) => one === '3pid' && /\d$/.test(words[index - 1] ?? '')));
      fc.pre(!words.some((one, index) => one === '3pid' && words[index - 1] === '3pid'));
      const key = words.join('_');
      const [name = ''] = Object.keys(camelKeys({ [key]: null }));
      assert.equal(snakeCase(name), key);
      assert.equal(snakeCase(key), key);
    }),
  );
});
