import { AsyncLocalStorage } from 'node:async_hooks';
import { apiMethods } from '../api-methods.js';
import { VesicleError } from '../../errors/vesicle-error.js';

interface Inside {
  readonly desc: string;
  readonly transaction: { readonly isOver: boolean };
}

/** The database transaction that the running code is part of. */
const inside = new AsyncLocalStorage<Inside>();

/** Methods of `ModuleApi` that may be called inside a transaction: they do not wait for the homeserver. */
export const allowedInside: ReadonlySet<string> = new Set(
  Object.entries(apiMethods)
    .filter(([, row]) => 'isAllowedInTransaction' in row)
    .map(([name]) => name),
);

/** Runs the function of a transaction. */
export function runInside<Result>(
  desc: string,
  transaction: Inside['transaction'],
  work: () => Promise<Result>,
): Promise<Result> {
  return inside.run({ desc, transaction }, work);
}

/**
 * Throws inside a transaction: with SQLite Synapse has one connection to its database, which would wait for the
 * transaction, which would wait for it.
 */
export function refuseInside(what: string): void {
  const store = inside.getStore();
  if (store?.transaction.isOver === false)
    throw new VesicleError('SYNAPSE_CALL_IN_TRANSACTION', { method: what, transaction: store.desc });
}
