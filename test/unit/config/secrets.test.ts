import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Redactor, substituteSecrets } from '../../../src/config/yaml/secrets.js';

const files = { read: () => ({ reason: 'no' }) };

/** A text with its secrets put in, and what takes them out again. */
function filled(
  text: string,
  env: Readonly<Record<string, string>>,
): { readonly text: string; readonly redactor: Redactor } {
  const substitution = substituteSecrets(text, { env, files, directory: '.' });
  const redactor = new Redactor();
  for (const secret of substitution.secrets) redactor.add(secret);
  return { text: substitution.text, redactor };
}

const shown: readonly (readonly [title: string, written: string, said: string, shown: string])[] = [
  ['glued to letters', 'x${env:PIN}y', 'got "x77y", not x', 'got "x${env:PIN}y", not x'],
  ['glued in one part of a list', 'a,x${env:PIN},b', 'no "x77" here', 'no "x${env:PIN}" here'],
  ['glued to digits', '5${env:PIN}', 'expected less than 577', 'expected less than 5${env:PIN}'],
  ['glued to another', '${env:PIN}${env:DAY}', 'got "77on".', 'got "${env:PIN}${env:DAY}".'],
  ['glued to letters of any language', 'é${env:PIN}日', "got 'é77日'", "got 'é${env:PIN}日'"],
  ['glued beside a long one', '${env:LONG}${env:PIN}', 'got "a long one77"', 'got "${env:LONG}${env:PIN}"'],
  ['alone', '${env:PIN}', 'cannot reach 77, though 1774 works', 'cannot reach ${env:PIN}, though 1774 works'],
  ['that ordinary words hold', 'pass${env:DAY}', 'only one macaroon on', 'only one macaroon ${env:DAY}'],
  [
    'of which an ordinary word is made',
    'pass${env:WORD}',
    'password_config passwords',
    'pass${env:WORD}_config passwords',
  ],
  ['that is long, in a word', 'x', 'xx', 'xx'],
  ['that is long, anywhere', '${env:LONG}', 'aa long onea', 'a${env:LONG}a'],
  ['that JSON escapes', '${env:ODD}', 'got "a\\"b\\\\c\\n"', 'got "${env:ODD}"'],
  ['that is empty', 'ab${env:NONE}cd', 'abcd', 'abcd'],
  ['that is space', 'ab${env:SPACE}cd', 'ab cd', 'ab cd'],
  ['that is no secret', 'a$${env:PIN}b', 'a${env:PIN}b', 'a${env:PIN}b'],
];

const env = { PIN: '77', DAY: 'on', WORD: 'word', LONG: 'a long one', ODD: 'a"b\\c\n', NONE: '', SPACE: ' ' };

describe('a secret in what is shown', () => {
  for (const [title, written, said, expected] of shown) {
    it(`${title} is shown as it was written`, () => {
      assert.equal(filled(written, env).redactor.redact(said), expected);
    });
  }

  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '1', '-', ' ', '.', 'é'), maxLength: 4 });

  it('is never shown in a quoted value that it is a part of', () => {
    const secret = fc.string({ unit: fc.constantFrom('Q', 'Z', '#'), minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(letters, secret, letters, secret, letters, (before, one, between, two, after) => {
        const { text, redactor } = filled(`${before}\${env:ONE}${between}\${env:TWO}${after}`, { ONE: one, TWO: two });
        const said = redactor.redact(`expected a number, got ${JSON.stringify(text)}.`);
        assert.doesNotMatch(said, /[QZ#]/);
      }),
    );
  });

  it('leaves texts without it as they are', () => {
    fc.assert(
      fc.property(letters, fc.lorem(), letters, (before, words, after) => {
        const { redactor } = filled(`${before}\${env:PIN}${after}`, { PIN: 'e' });
        const said = words
          .split(/\b/)
          .map((word) => (word === 'e' ? '' : word))
          .join('');
        assert.equal(redactor.redact(said), said);
      }),
    );
  });
});
