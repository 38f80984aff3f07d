/** A search as SQLite's full-text index takes it. */
export interface SearchTerms {
  readonly query: string;
  /** The words and phrases that clients highlight. */
  readonly highlights: readonly string[];
}

type Token = { readonly text: string; readonly isPhrase: boolean } | ' AND ' | ' OR ' | ' NOT ';

const stopWords = new Set(['the', 'a', 'you', 'me', 'and', 'but']);

/** Reads what somebody typed: words, "phrases", `or`, and `-` for what shall not occur (`storage/databases/main/search.py`). */
export function readSearchTerms(typed: string): SearchTerms {
  const tokens: Token[] = [];
  for (const [index, part] of typed.split('"').entries()) {
    const words = part.match(/[\p{L}\p{N}_-]+/gu) ?? [];
    if (index % 2 === 1) addTerm(tokens, { text: words.filter(isWorthSearching).join(' '), isPhrase: true });
    else for (const word of words) addWord(tokens, word);
  }
  const terms = tokens.filter((token) => typeof token !== 'string');
  return {
    query: tokens.map(write).join(''),
    highlights: terms.map((term) => term.text),
  };
}

function addWord(tokens: Token[], typed: string): void {
  const word = typed.replace(/^-+/, '');
  for (let dashes = typed.length - word.length; dashes > 0; dashes--) tokens.push(' NOT ');
  if (word === '') return;
  if (word.toLowerCase() === 'or') tokens.push(' OR ');
  else if (isWorthSearching(word)) addTerm(tokens, { text: word, isPhrase: false });
}

function addTerm(tokens: Token[], term: Token): void {
  const last = tokens.at(-1);
  if (last !== undefined && last !== ' NOT ' && last !== ' OR ') tokens.push(' AND ');
  tokens.push(term);
}

function write(token: Token): string {
  if (typeof token === 'string') return token;
  return token.isPhrase ? `"${token.text}"` : token.text;
}

function isWorthSearching(word: string): boolean {
  return !stopWords.has(word);
}
