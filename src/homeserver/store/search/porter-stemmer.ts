type Rule = readonly [ending: string, replacement: string];

const longEndings: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['logi', 'log'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
];

const middleEndings: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

const lastEndings: readonly Rule[] = [
  ...'al ance ence er ic able ible ant ement ment ent'.split(' '),
  ...'ou ism ate iti ous ive ize'.split(' '),
].map((ending) => [ending, '']);

/** What an English word of small letters has in common with its other forms: M. F. Porter's algorithm of 1980. */
export function stem(word: string): string {
  let stemmed = withoutPastOrGerund(withoutPlural(word));
  if (stemmed.endsWith('y') && hasVowel(stemmed.slice(0, -1))) stemmed = `${stemmed.slice(0, -1)}i`;
  stemmed = replaceEnding(stemmed, longEndings, 1);
  stemmed = replaceEnding(stemmed, middleEndings, 1);
  stemmed = withoutIon(replaceEnding(stemmed, lastEndings, 2), stemmed);
  return withoutDoubleL(withoutFinalE(stemmed));
}

function withoutPlural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

function withoutPastOrGerund(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const rest = /^(.*?)(?:ing|ed)$/.exec(word)?.[1];
  if (rest === undefined || !hasVowel(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (/([^aeioulsz])\1$/.test(rest) && shapeOf(rest).endsWith('c')) return rest.slice(0, -1);
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

function withoutIon(word: string, before: string): string {
  if (word !== before || !/[st]ion$/.test(word)) return word;
  const rest = word.slice(0, -3);
  return measure(rest) > 1 ? rest : word;
}

function withoutFinalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const rest = word.slice(0, -1);
  const size = measure(rest);
  return size > 1 || (size === 1 && !endsShort(rest)) ? rest : word;
}

function withoutDoubleL(word: string): string {
  return word.endsWith('ll') && measure(word) > 1 ? word.slice(0, -1) : word;
}

/** Replaces the first of the endings that the word has, if what is before it is long enough. */
function replaceEnding(word: string, rules: readonly Rule[], least: number): string {
  const rule = rules.find(([ending]) => word.endsWith(ending));
  if (rule === undefined) return word;
  const rest = word.slice(0, -rule[0].length);
  return measure(rest) >= least ? rest + rule[1] : word;
}

/** Vowels and consonants of a word as `v` and `c`: a `y` after a consonant is a vowel. */
function shapeOf(word: string): string {
  let shape = '';
  for (const letter of word) {
    const isVowel = letter === 'y' ? shape.endsWith('c') : 'aeiou'.includes(letter);
    shape += isVowel ? 'v' : 'c';
  }
  return shape;
}

function hasVowel(word: string): boolean {
  return shapeOf(word).includes('v');
}

/** How many times consonants follow vowels: about the number of syllables. */
function measure(word: string): number {
  return shapeOf(word).split('vc').length - 1;
}

/** Whether a word ends as "hop" does, whose forms lost an `e` or doubled the consonant. */
function endsShort(word: string): boolean {
  return shapeOf(word).endsWith('cvc') && !/[wxy]$/.test(word);
}
