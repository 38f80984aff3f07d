import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSearchTerms } from '../../../src/homeserver/rooms/timeline/search-terms.js';
import { isFound, rankOf } from '../../../src/homeserver/store/search/search-query.js';

/** The words of a query, written as what is found by it. */
function written(typed: string): string {
  const { phrases, anyOf } = readSearchTerms(typed).query;
  const phrase = (place: number): string => (phrases[place] ?? []).join('_');
  const conditions = anyOf.map((all) =>
    all.map(({ has, hasNot }) => [phrase(has), ...hasNot.map((place) => `-${phrase(place)}`)].join(' ')).join(' & '),
  );
  return conditions.join(' | ');
}

const terms: readonly (readonly [typed: string, query: string, highlights: readonly string[]])[] = [
  ['two words', 'two & word', ['two', 'words']],
  ['"a phrase of words" more', 'phrase_of_word & more', ['phrase of words', 'more']],
  ['one or other two', 'on | other & two', ['one', 'other', 'two']],
  ['this -that', 'thi -that', ['this', 'that']],
  ['this -that -"more of it" less', 'thi -that -more_of_it & less', ['this', 'that', 'more of it', 'less']],
  ['this -two-things', 'thi -two & thing', ['this', 'two-things']],
  ['the and you', '', []],
  ['wörter, über!', 'wörter & über', ['wörter', 'über']],
  ['"AND" "the"', 'and & ', ['AND', '']],
];

test('what somebody types becomes a query: NOT binds more than AND, and AND more than OR', () => {
  for (const [typed, query, highlights] of terms) {
    assert.equal(written(typed), query, typed);
    assert.deepEqual(readSearchTerms(typed).highlights, highlights, typed);
  }
});

test('operators without terms on both sides are refused', () => {
  for (const typed of [
    '-',
    '--',
    '-this',
    'or this',
    'this or',
    'this or -that',
    'this --that',
    'NEAR',
    'a NOT b AND c',
  ]) {
    assert.throws(() => readSearchTerms(typed), { message: /Invalid search query/ }, typed);
  }
});

test('a text is found by what occurs in it, and ranked by its share of that', () => {
  const { query } = readSearchTerms('rabbit -cat or "white dog"');
  const found = [[1], [1, 1], [undefined, 1, 2], [1, 1, 1], []].map((here) => isFound(query, here));
  assert.deepEqual(found, [true, false, true, true, false]);
  assert.equal(rankOf([2, undefined, 1], [4, 0, 2]), 1);
});
