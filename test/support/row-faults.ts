import type { DatabaseSync } from 'node:sqlite';
import type { RowProperty, SqlCall } from './sql-statements.js';

/** A column of a statement's rows, with what the schema says of it. */
interface Column {
  readonly name: string;
  /** As declared; null for what is computed. */
  readonly type: string | null;
  readonly column: string | null;
  readonly table: string | null;
}

const kindOfType: Readonly<Record<string, string>> = {
  TEXT: 'string',
  INTEGER: 'number',
  REAL: 'number',
  BLOB: 'Uint8Array',
};

/** What is wrong with a call: its statement does not fit the schema, or the type of its rows does not fit the statement. */
export function faultsOf(
  call: Pick<SqlCall, 'method' | 'row'>,
  sql: string,
  database: DatabaseSync,
): readonly string[] {
  let columns: readonly Column[];
  try {
    columns = database.prepare(sql).columns();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  if (call.method === 'run') return columns.length === 0 ? [] : ['its rows are not read: it returns some'];
  if (columns.length === 0) return ['it returns no rows'];
  const { row } = call;
  if (row === undefined) return columns.every(({ column }) => column === null) ? [] : ['its rows have no type'];
  return [...namesApart(row, columns, sql), ...row.flatMap((property) => kindFaults(property, columns, sql, database))];
}

function namesApart(row: readonly RowProperty[], columns: readonly Column[], sql: string): readonly string[] {
  const missing = row.filter(({ name, isOptional }) => !isOptional && !columns.some((column) => column.name === name));
  // What has no name of its own serves the statement, and `*` takes what there is.
  const isWhole = /\*(?!\s*\d)/.test(sql.replace(/\w+\(\*\)/g, ''));
  const unread = isWhole
    ? []
    : columns.filter(({ name }) => /^\w+$/.test(name) && !row.some((each) => each.name === name));
  return [
    ...missing.map(({ name }) => `no column "${name}"`),
    ...unread.map(({ name }) => `the type lacks the column "${name}"`),
  ];
}

function kindFaults(
  { name, kinds }: RowProperty,
  columns: readonly Column[],
  sql: string,
  database: DatabaseSync,
): readonly string[] {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) return [];
  const faults: string[] = [];
  const wanted = found.type === null ? undefined : kindOfType[found.type];
  const given = kinds.filter((kind) => kind !== 'null');
  if (wanted !== undefined && given.some((kind) => kind !== wanted))
    faults.push(`"${name}" is ${found.type ?? ''}, the type says ${given.join(' | ')}`);
  if (given.includes('boolean')) faults.push(`"${name}" cannot be a boolean: SQLite has none`);
  if (mayBeNull(found, sql, database) && !kinds.includes('null')) faults.push(`"${name}" can be null`);
  return faults;
}

/** A column of a table without NOT NULL; generated columns are not listed. */
function mayBeNull({ table, column, name }: Column, sql: string, database: DatabaseSync): boolean {
  if (table === null || column === null || sql.includes(`${name} IS NOT NULL`)) return false;
  const row = database
    .prepare(
      `SELECT 1 FROM pragma_table_info(:table) JOIN sqlite_schema ON sqlite_schema.name = :table
       WHERE pragma_table_info.name = :column AND "notnull" = 0 AND pk = 0`,
    )
    .get({ table, column });
  return row !== undefined;
}
