import { BoundedCache } from '../database/bounded-cache.js';
import { stem } from './porter-stemmer.js';

const wordPattern = /[0-9A-Za-z_\u0080-\uffff]+/g;
const capitals = /[A-Z]/g;
const english = /^[a-z]{3,20}$/;

/** The words of a text as they are looked for: as SQLite's `porter` tokenizer, which Synapse uses, reads them. */
export function searchWords(text: string): readonly string[] {
  const words = text.match(wordPattern) ?? [];
  return words.map((typed) => {
    const small = typed.replace(capitals, (letter) => letter.toLowerCase());
    return english.test(small) ? stemOf(small) : shorten(small);
  });
}

/** Stems of words that were read lately: most of a text are. */
const stems = new BoundedCache<string, string>(2000);

function stemOf(word: string): string {
  let found = stems.get(word);
  if (found === undefined) {
    found = stem(word);
    stems.set(word, found);
  }
  return found;
}

/** Of long words, and of numbers sooner, only the beginning and the end count. */
function shorten(text: string): string {
  const kept = /[0-9]/.test(text) ? 3 : 10;
  return text.length > kept * 2 ? text.slice(0, kept) + text.slice(-kept) : text;
}

/** Words as one text: any of their phrases, written like this, is a part of it, and next to another one. */
export function joinWords(words: readonly string[]): string {
  return words.map((part) => ` ${part} `).join('');
}

/** The words of what {@link joinWords} wrote. */
export function splitWords(joined: string): readonly string[] {
  return joined === '' ? [] : joined.slice(1, -1).split('  ');
}
