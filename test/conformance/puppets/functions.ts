import type { DbTransaction, DbValue } from '../../../src/module-api/db-transaction.js';
import { type Json, type JsonRecord, type RaiseSpec, textOf } from '../format.js';
import { decode, type Scene } from './decode.js';
import { encode } from './encode.js';
import { errorFor } from './raise.js';

/** A function handed to a ModuleApi method. `keywords` are the keyword arguments that Python would pass to it. */
export type PuppetFunction = ((...args: unknown[]) => unknown) & { keywords: JsonRecord };

/** The function that `$fn` stands for; it records that it ran. */
export function decodeFunction(spec: JsonRecord, scene: Scene): PuppetFunction {
  const name = textOf(spec['name']);
  const run = (args: readonly unknown[], keywords: JsonRecord): unknown => {
    const call = scene.theatre.record(scene.module, `function:${name}`, { args: args as Json[], kwargs: keywords });
    const encoding = Promise.all(args.map((arg) => encode(arg))).then((encoded) => {
      if (call !== undefined) call.args = { args: encoded, kwargs: keywords };
    });
    void scene.theatre.follow(encoding);
    if (spec['raise'] !== undefined) throw errorFor(spec['raise'] as RaiseSpec);
    return decode(spec['return'] ?? null, { ...scene, args, encodedArgs: args as Json[] });
  };
  const call: PuppetFunction = Object.assign(
    spec['sync'] === true
      ? (...args: unknown[]) => run(args, call.keywords)
      : async (...args: unknown[]) => run(args, call.keywords),
    { keywords: {} },
  );
  Object.defineProperty(call, 'name', { value: name });
  return call;
}

/** The database function that `$sql` stands for: runs the query and answers with all rows. */
export function decodeSql(sql: string, params: readonly DbValue[]): (transaction: DbTransaction) => Promise<unknown[]> {
  return async (transaction) => {
    await transaction.execute(sql, params);
    return (await transaction.fetchall()).map((row) => [...row]);
  };
}
