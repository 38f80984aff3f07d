import { SynapseError } from '../../../errors/synapse-error.js';
import type { SearchQuery } from '../../store/search/search-query.js';
import { searchWords } from '../../store/search/search-words.js';

/** What somebody looks for. */
export interface SearchTerms {
  readonly query: SearchQuery;
  /** The words and phrases that clients highlight. */
  readonly highlights: readonly string[];
}

type Operator = 'AND' | 'OR' | 'NOT';
type Token = { readonly text: string; readonly isPhrase: boolean } | Operator;

const stopWords = new Set(['the', 'a', 'you', 'me', 'and', 'but']);

/** Words that are operators where Synapse looks them up, and never make sense between those that it adds. */
const reserved = new Set(['AND', 'NOT', 'NEAR']);

/** Reads what somebody typed: words, "phrases", `or`, and `-` for what shall not occur (`storage/databases/main/search.py`). */
export function readSearchTerms(typed: string): SearchTerms {
  const tokens: Token[] = [];
  for (const [index, part] of typed.split('"').entries()) {
    const words = part.match(/[\p{L}\p{N}_-]+/gu) ?? [];
    if (index % 2 === 1) addTerm(tokens, { text: words.filter(isWorthSearching).join(' '), isPhrase: true });
    else for (const word of words) addWord(tokens, word);
  }
  const terms = tokens.filter((token) => typeof token !== 'string');
  return { query: new QueryBuilder(tokens).query, highlights: terms.map((term) => term.text) };
}

function addWord(tokens: Token[], typed: string): void {
  const word = typed.replace(/^-+/, '');
  for (let dashes = typed.length - word.length; dashes > 0; dashes--) tokens.push('NOT');
  if (word === '') return;
  if (word.toLowerCase() === 'or') tokens.push('OR');
  else if (isWorthSearching(word)) addTerm(tokens, { text: word, isPhrase: false });
}

function addTerm(tokens: Token[], term: Token): void {
  const last = tokens.at(-1);
  if (last !== undefined && last !== 'NOT' && last !== 'OR') tokens.push('AND');
  tokens.push(term);
}

function isWorthSearching(word: string): boolean {
  return !stopWords.has(word);
}

/** Makes a query of terms with operators between them: NOT binds more than AND, and AND more than OR. */
class QueryBuilder {
  private readonly phrases: (readonly string[])[] = [];
  private readonly anyOf: { readonly has: number; readonly hasNot: number[] }[][] = [];
  private expected: Operator | 'nothing' = 'OR';

  constructor(tokens: readonly Token[]) {
    for (const token of tokens) this.add(token);
    if (tokens.length > 0 && this.expected !== 'nothing') throw invalid();
  }

  get query(): SearchQuery {
    return { phrases: this.phrases, anyOf: this.anyOf };
  }

  private add(token: Token): void {
    if (typeof token === 'string') {
      if (this.expected !== 'nothing') throw invalid();
      this.expected = token;
      return;
    }
    const { text, isPhrase } = token;
    if (this.expected === 'nothing' || (!isPhrase && reserved.has(text))) throw invalid();
    const words = searchWords(text);
    const [first = [], ...others] = isPhrase ? [words] : words.map((word) => [word]);
    this.addPhrase(first, this.expected);
    // What the index reads as several words, they all have to be there.
    for (const other of others) this.addPhrase(other, 'AND');
    this.expected = 'nothing';
  }

  private addPhrase(words: readonly string[], operator: Operator): void {
    const place = this.phrases.push(words) - 1;
    if (operator === 'OR') this.anyOf.push([]);
    const all = this.anyOf.at(-1);
    if (operator === 'NOT') all?.at(-1)?.hasNot.push(place);
    else all?.push({ has: place, hasNot: [] });
  }
}

function invalid(): SynapseError {
  return new SynapseError(400, 'Invalid search query');
}
