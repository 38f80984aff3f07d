import type { Database } from '../database/database.js';
import { compareMarks, type SearchHit, type SearchHits, type SearchMark } from './search-hits.js';

/** The texts on one shelf in which a word occurs equally often. */
interface Lane {
  readonly shelf: number;
  readonly occurrences: number;
  readonly texts: number;
}

type Direction = 'ASC' | 'DESC';

/** So many hits of a lane are read after the first. */
const chunk = 32;

const ends: Readonly<Record<Direction, SearchMark>> = {
  ASC: { origin_server_ts: Number.MIN_SAFE_INTEGER, position: 0 },
  DESC: { origin_server_ts: Number.MAX_SAFE_INTEGER, position: Number.MAX_SAFE_INTEGER },
};

/** The texts with one word: whatever their number, those that are wanted are read from the index, and no others. */
export class WordHits implements SearchHits {
  private readonly lanes: readonly Lane[];
  private readonly total: number;

  constructor(
    private readonly database: Database,
    private readonly word: string,
    /** JSON of the shelves to look on. */
    shelves: string,
  ) {
    this.lanes = database.all<Lane>(
      `SELECT shelf, occurrences, texts FROM search_lanes
       WHERE word = ? AND shelf IN (SELECT value FROM json_each(?))`,
      word,
      shelves,
    );
    const everywhere = 'SELECT sum(occurrences * texts) AS total FROM search_lanes WHERE word = ?';
    this.total = database.get<{ total: number | null }>(everywhere, word)?.total ?? 0;
  }

  get count(): number {
    return this.lanes.reduce((sum, { texts }) => sum + texts, 0);
  }

  newest(before: SearchMark = ends.DESC): Iterable<SearchHit> {
    return merged(
      this.lanes.map((lane) => this.read(lane, 'DESC', before)),
      (a, b) => compareMarks(b, a),
    );
  }

  best(limit: number): readonly SearchHit[] {
    const best: SearchHit[] = [];
    const steps = new Set(this.lanes.map(({ occurrences }) => occurrences).sort((a, b) => b - a));
    for (const step of steps) {
      const lanes = this.lanes.filter(({ occurrences }) => occurrences === step);
      const sources = lanes.map((lane) => this.read(lane, 'ASC', ends.ASC));
      for (const hit of merged(sources, compareMarks)) {
        if (best.length >= limit) return best;
        best.push(hit);
      }
    }
    return best;
  }

  private *read({ shelf, occurrences }: Lane, direction: Direction, after: SearchMark): Generator<SearchHit> {
    const rank = occurrences / this.total;
    let [mark, limit] = [after, 1];
    for (;;) {
      const rows = this.database.all<Omit<SearchHit, 'rank'>>(
        `SELECT event_texts.event_id, event_words.position, event_words.origin_server_ts
         FROM event_words CROSS JOIN event_texts ON event_texts.position = event_words.position
         WHERE word = ? AND event_words.shelf = ? AND occurrences = ?
         AND (event_words.origin_server_ts, event_words.position) ${direction === 'ASC' ? '>' : '<'} (?, ?)
         ORDER BY event_words.origin_server_ts ${direction}, event_words.position ${direction} LIMIT ?`,
        this.word,
        shelf,
        occurrences,
        mark.origin_server_ts,
        mark.position,
        limit,
      );
      for (const row of rows) yield { ...row, rank };
      if (rows.length < limit) return;
      mark = rows.at(-1) ?? mark;
      limit = chunk;
    }
  }
}

/** What sorted sources have, sorted. */
function* merged<T>(sources: readonly Iterator<T, void>[], compare: (a: T, b: T) => number): Generator<T> {
  const heads = sources.flatMap((source) => {
    const head = source.next();
    return head.done === true ? [] : [{ source, value: head.value }];
  });
  while (heads.length > 0) {
    const first = heads.reduce((least, head) => (compare(head.value, least.value) < 0 ? head : least));
    yield first.value;
    const next = first.source.next();
    if (next.done === true) heads.splice(heads.indexOf(first), 1);
    else first.value = next.value;
  }
}
