import { NEXT, type AnyHandler, type Rule } from './rule.js';
import type { Throws } from './throws.js';

/** Everybody is told, in order; what they answer is ignored. */
export function notification<Handler extends AnyHandler>(
  args: readonly string[],
  throws: Throws,
  summary: string,
  source: string,
): Rule<Handler, undefined> {
  return { way: 'all', args, neutral: () => undefined, judge: () => NEXT, throws, summary, source };
}

/** The only callback of its kind: its answer is the result; undefined when nobody registered. */
export function single<Handler extends AnyHandler>(
  args: readonly string[],
  throws: Throws,
  summary: string,
  source: string,
): Rule<Handler, Awaited<ReturnType<Handler>> | undefined> {
  return {
    way: 'single',
    args,
    neutral: () => undefined,
    judge: (answer) => answer as Awaited<ReturnType<Handler>>,
    throws,
    summary,
    source,
  };
}
