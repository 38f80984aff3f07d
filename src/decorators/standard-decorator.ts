import { VesicleError } from '../errors/vesicle-error.js';

/**
 * Refuses to be called as a standard (stage 3) decorator, with a context for its second argument: what a decorator of
 * TypeScript's own is given says where to record, a standard one's does not.
 *
 * @throws VesicleError DECORATOR_STANDARD
 */
export function refuseStandard(decorator: string, context: unknown): void {
  if (typeof context !== 'object' || context === null || !('kind' in context)) return;
  const { name } = context as { readonly name?: unknown };
  const where = typeof name === 'string' || typeof name === 'symbol' ? ` on ${String(name)}` : '';
  throw new VesicleError('DECORATOR_STANDARD', { decorator: `${decorator}${where}` });
}
