import type { Container } from 'inversify';
import type { ServiceKey } from '../metadata/module-options.js';

/** What keeps Inversify from planning how to make these, if anything: it plans everything before it makes anything. */
export function planProblem(container: Container, keys: readonly ServiceKey[]): Error | undefined {
  const planned = new Error('planned');
  const first = Symbol('first');
  const all = Symbol('all');
  container.bind(first).toDynamicValue(() => {
    throw planned;
  });
  container.bind(all).toResolvedValue<unknown[]>(() => undefined, [first, ...keys]);
  try {
    container.get(all);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Not swallowed: it is returned.
    return error === planned ? undefined : error;
  } finally {
    container.unbind(all);
    container.unbind(first);
  }
}
