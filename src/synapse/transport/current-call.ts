import { AsyncLocalStorage } from 'node:async_hooks';

/** A request of the other side that is being answered: its number, which counts for its connection only. */
interface CurrentCall {
  readonly connection: object;
  readonly id: number;
}

const current = new AsyncLocalStorage<CurrentCall>();

/** Runs what answers a request, so that whatever it leads to finds the request again. */
export function answering<Result>(connection: object, id: number, work: () => Result): Result {
  return current.run({ connection, id }, work);
}

/** The number of the request of this connection that the running code belongs to; it may have been answered meanwhile. */
export function currentCall(connection: object): number | undefined {
  const call = current.getStore();
  return call?.connection === connection ? call.id : undefined;
}
