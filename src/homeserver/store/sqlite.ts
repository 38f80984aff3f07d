import process from 'node:process';

type Sqlite = typeof import('node:sqlite');

/** Loads node's SQLite: that of Node 22 is the one that is used here, too, and warns each process that it is experimental. */
function loadQuietly(): Sqlite {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

export const { DatabaseSync, StatementSync }: Pick<Sqlite, 'DatabaseSync' | 'StatementSync'> = loadQuietly();
export type DatabaseSync = InstanceType<Sqlite['DatabaseSync']>;
export type StatementSync = InstanceType<Sqlite['StatementSync']>;
