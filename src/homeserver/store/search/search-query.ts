/** What is looked for: phrases, and how they have to be there. */
export interface SearchQuery {
  /** The words of each phrase, as they are indexed. */
  readonly phrases: readonly (readonly string[])[];
  /** A text is found if all conditions of one of these hold. */
  readonly anyOf: readonly (readonly SearchCondition[])[];
}

/** One phrase is there, and others are not: they are named by their place among the phrases. */
interface SearchCondition {
  readonly has: number;
  readonly hasNot: readonly number[];
}

/** How often each phrase of a query occurs, by its place. */
export type Occurrences = readonly (number | undefined)[];

/** Whether a text in which the phrases occur so often is found. */
export function isFound({ anyOf }: SearchQuery, here: Occurrences): boolean {
  const occurs = (phrase: number): boolean => here[phrase] !== undefined;
  return anyOf.some((all) => all.every(({ has, hasNot }) => occurs(has) && !hasNot.some(occurs)));
}

/** Each phrase counts by the share that this text has of all its occurrences (`storage/engines/sqlite.py: _rank`). */
export function rankOf(here: Occurrences, everywhere: readonly number[]): number {
  return everywhere.reduce((rank, total, phrase) => rank + (here[phrase] ?? 0) / Math.max(total, 1), 0);
}
