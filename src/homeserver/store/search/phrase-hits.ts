import type { EventId } from '../../../matrix/ids.js';
import type { Database } from '../database/database.js';
import { compareMarks, type SearchHit, type SearchHits, type SearchMark } from './search-hits.js';
import { isFound, rankOf, type SearchQuery } from './search-query.js';
import { joinWords } from './search-words.js';

interface OccurrenceRow extends SearchMark {
  readonly event_id: EventId;
  /** The place of the phrase in the query. */
  readonly phrase: number;
  readonly count: number;
}

/** How often a phrase occurs in a text. */
const countOf = (phrase: string): string =>
  `(length(words) - length(replace(words, ${phrase}, ''))) / length(${phrase})`;

/** The texts that a query of several words finds: those with the rarest word of each of its alternatives are read. */
export class PhraseHits implements SearchHits {
  private readonly hits: readonly SearchHit[];
  private readonly frequencies: ReadonlyMap<string, number>;

  constructor(
    private readonly database: Database,
    private readonly query: SearchQuery,
    /** JSON of the shelves to look on. */
    shelves: string,
  ) {
    this.frequencies = this.readFrequencies();
    this.hits = this.find(shelves);
  }

  get count(): number {
    return this.hits.length;
  }

  newest(before?: SearchMark): Iterable<SearchHit> {
    return this.hits
      .filter((hit) => before === undefined || compareMarks(hit, before) < 0)
      .sort((a, b) => compareMarks(b, a));
  }

  best(limit: number): readonly SearchHit[] {
    return this.hits.toSorted((a, b) => b.rank - a.rank || compareMarks(a, b)).slice(0, limit);
  }

  private find(shelves: string): readonly SearchHit[] {
    const texts = new Map<number, { readonly row: OccurrenceRow; readonly here: number[] }>();
    for (const row of this.occurrences(shelves)) {
      let text = texts.get(row.position);
      if (text === undefined) texts.set(row.position, (text = { row, here: [] }));
      text.here[row.phrase] = row.count;
    }
    const totals = this.query.phrases.map((phrase) => this.totalOf(phrase));
    return [...texts.values()]
      .filter(({ here }) => isFound(this.query, here))
      .map(({ row: { event_id, position, origin_server_ts }, here }) => {
        return { event_id, position, origin_server_ts, rank: rankOf(here, totals) };
      });
  }

  private occurrences(shelves: string): OccurrenceRow[] {
    return this.database.all<OccurrenceRow>(
      `SELECT event_id, event_texts.position, origin_server_ts, phrases.key AS phrase, ${countOf('phrases.value')} AS count
       FROM (SELECT DISTINCT position FROM event_words
             WHERE word IN (SELECT value FROM json_each(?)) AND shelf IN (SELECT value FROM json_each(?))) AS candidates
       CROSS JOIN event_texts ON event_texts.position = candidates.position
       CROSS JOIN json_each(?) AS phrases
       WHERE phrases.value != '' AND instr(words, phrases.value) > 0`,
      JSON.stringify(this.drivers()),
      shelves,
      JSON.stringify(this.query.phrases.map(joinWords)),
    );
  }

  /** Words of which each text that is found has at least one. */
  private drivers(): readonly string[] {
    const { anyOf, phrases } = this.query;
    return anyOf.flatMap((all) => {
      const needed = all.map(({ has }) => phrases[has] ?? []);
      return needed.some((words) => words.length === 0) ? [] : this.rarest(needed.flat());
    });
  }

  /** The word that occurs least; none when one of them never does. */
  private rarest(words: readonly string[]): readonly string[] {
    const [first] = words.toSorted((a, b) => this.frequencyOf(a) - this.frequencyOf(b));
    return first === undefined || this.frequencyOf(first) === 0 ? [] : [first];
  }

  private frequencyOf(word: string): number {
    return this.frequencies.get(word) ?? 0;
  }

  /** How often a phrase occurs in all texts there are. */
  private totalOf(words: readonly string[]): number {
    if (words.length < 2) return this.frequencyOf(words[0] ?? '');
    const [rarest] = this.rarest(words);
    if (rarest === undefined) return 0;
    const row = this.database.get<{ total: number | null }>(
      `SELECT sum(${countOf(':phrase')}) AS total
       FROM event_words CROSS JOIN event_texts ON event_texts.position = event_words.position WHERE word = :rarest`,
      { phrase: joinWords(words), rarest },
    );
    return row?.total ?? 0;
  }

  private readFrequencies(): ReadonlyMap<string, number> {
    const rows = this.database.all<{ word: string; total: number }>(
      `SELECT word, sum(occurrences * texts) AS total FROM search_lanes
       WHERE word IN (SELECT value FROM json_each(?)) GROUP BY word`,
      JSON.stringify(this.query.phrases.flat()),
    );
    return new Map(rows.map(({ word, total }) => [word, total]));
  }
}
