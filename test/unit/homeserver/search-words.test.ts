import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DatabaseSync } from '../../../src/homeserver/store/database/sqlite.js';
import { joinWords, searchWords } from '../../../src/homeserver/store/search/search-words.js';

const words: readonly (readonly [text: string, found: readonly string[]])[] = [
  ['The Rabbit runs, running!', ['the', 'rabbit', 'run', 'run']],
  ['caresses ponies ties cats', ['caress', 'poni', 'ti', 'cat']],
  ['agreed feed plastered bled sing motoring', ['agre', 'feed', 'plaster', 'bled', 'sing', 'motor']],
  [
    'conflated troubled sized hopping falling hoping filing',
    ['conflat', 'troubl', 'size', 'hop', 'fall', 'hope', 'file'],
  ],
  ['happy sky toys syzygy', ['happi', 'sky', 'toi', 'syzygi']],
  ['syying yyyed syyying bayying', ['sy', 'yy', 'syyi', 'bayi']],
  ['relational conditional digitizer predication', ['relat', 'condit', 'digit', 'predic']],
  ['hopefulness electrical formative adoption onion', ['hope', 'electr', 'form', 'adopt', 'onion']],
  ['probate rate controlling roll', ['probat', 'rate', 'control', 'roll']],
  [
    'snake_case kebab-case it\u2019s 1234567 über ÜBER ok',
    ['snake_case', 'kebab', 'case', 'it\u2019s', '123567', 'über', 'Über', 'ok'],
  ],
  ['abcdefghijklmnopqrstuvw', ['abcdefghijnopqrstuvw']],
  ['... \u0000 -', []],
];

test('texts are read as words without their endings', () => {
  for (const [text, found] of words) assert.deepEqual(searchWords(text), found, text);
});

test('phrases are parts of joined words, and words are not parts of longer ones', () => {
  const text = joinWords(['white', 'rabbit', 'rabbit']);
  assert.deepEqual(
    [['rabbit'], ['white', 'rabbit'], ['rab'], ['rabbit', 'white']].map((phrase) => text.includes(joinWords(phrase))),
    [true, true, false, false],
  );
});

/** How SQLite reads words, in a Node that has its full-text search. */
function openTokenizer(): ((text: string) => string[]) | undefined {
  const database = new DatabaseSync(':memory:');
  try {
    database.exec("CREATE VIRTUAL TABLE tokens USING fts3tokenize('porter')");
  } catch {
    database.close();
    return undefined;
  }
  const statement = database.prepare('SELECT token FROM tokens WHERE input = ? ORDER BY position');
  return (text) => statement.all(text).map((row) => String(row['token']));
}

const tokenize = openTokenizer();
const options = { skip: tokenize === undefined && 'this Node has no full-text search to compare with' };

test('words are what SQLite makes of them, in all that is written here about Vesicle', options, () => {
  const docs = new URL('../../../../docs/', import.meta.url);
  for (const name of readdirSync(docs).filter((file) => file.endsWith('.md'))) {
    const text = readFileSync(new URL(name, docs), 'utf8');
    assert.deepEqual(searchWords(text), tokenize?.(text), name);
  }
});

test('words are what SQLite makes of them, whatever they consist of', options, () => {
  const stems = fc.string({
    unit: fc.constantFrom(...'a e i o u y b c d l s t z'.split(' ')),
    minLength: 1,
    maxLength: 6,
  });
  const endings =
    'ational tional enci izer logi bli ousli ization ation iveness aliti biliti icate ative ical ness ement ion ing ed s'.split(
      ' ',
    );
  const word = fc
    .tuple(stems, fc.array(fc.constantFrom(...endings), { maxLength: 2 }))
    .map(([start, ends]) => start + ends.join(''));
  fc.assert(
    fc.property(fc.oneof(word, fc.string({ maxLength: 30 })), (text) => {
      assert.deepEqual(searchWords(text), tokenize?.(text));
    }),
    { numRuns: 3000 },
  );
});
