import type * as sqlite from 'node:sqlite';

/** Loads node's SQLite without the warning of Node 22 that it is experimental: whoever tests a module cannot do anything about it. */
function loadQuietly(): typeof sqlite {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

const { DatabaseSync, StatementSync } = loadQuietly();
type DatabaseSync = sqlite.DatabaseSync;
type StatementSync = sqlite.StatementSync;
export { DatabaseSync, StatementSync };
