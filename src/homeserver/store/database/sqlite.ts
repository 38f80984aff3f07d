import { isBuiltin } from 'node:module';
import type * as sqlite from 'node:sqlite';
import { VesicleError } from '../../../errors/vesicle-error.js';

/** Loads node's SQLite without the warning of Node 22 that it is experimental: whoever tests a module cannot do anything about it. */
function loadQuietly(): typeof sqlite {
  if (!isBuiltin('node:sqlite')) throw new VesicleError('STORE_NODE_TOO_OLD', { version: process.versions.node });
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
