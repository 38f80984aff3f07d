import { readFileSync } from 'node:fs';

/** A case, or a pattern with `*` of cases, in which a host is meant to differ from Synapse. */
export interface Difference {
  readonly case: string;
  readonly host: string;
  readonly reason: string;
}

/** The rows of a list of differences that are about this host. */
export function readDifferences(file: string, host: string): Difference[] {
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Difference[];
  return rows.filter((row) => row.host === host);
}

/** The row that names a case, or undefined. */
export function differenceFor(id: string, differences: readonly Difference[]): Difference | undefined {
  return differences.find((row) => toPattern(row.case).test(id));
}

function toPattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
