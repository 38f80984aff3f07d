import { snakeCase } from '../../src/config/values/snake-case.js';
import { sentCalls } from '../../src/module-api/api-methods.js';
import { argumentOf } from '../../src/module-api/method-row.js';
import type { ArgumentKind, ResultKind } from '../../src/module-api/wire-kinds.js';

/** A method that Synapse runs as the protocol shows it: all arguments under Synapse's names. */
export interface ApiTableRow {
  readonly args: Readonly<Record<string, ArgumentKind>>;
  readonly result: ResultKind;
}

/** The methods that Synapse runs, by Synapse's names, from the rows of `src/module-api`. */
export function apiTable(): Readonly<Record<string, ApiTableRow>> {
  const rows = sentCalls().map(({ synapse, args, options = {}, result }) => {
    const optional = Object.entries(options).map(([name, kind]) => [snakeCase(name), kind] as const);
    return [synapse, { args: Object.fromEntries([...args.map(argumentOf), ...optional]), result }] as const;
  });
  return Object.fromEntries(rows);
}
