import { NEXT, type AnyHandler, type Rule } from './rule.js';
import type { Throws } from './throws.js';

/** Refuses on exactly `false`; everything else, also null and 0, goes on to the next callback. */
export function refusesOnFalse<Handler extends AnyHandler>(
  args: readonly string[],
  throws: Throws,
  summary: string,
  source: string,
): Rule<Handler, boolean> {
  return {
    way: 'first_refusal',
    args,
    neutral: () => true,
    judge: (answer, _soFar, warn) => {
      if (answer !== false && answer !== true) warn('an answer that is no boolean');
      return answer === false ? false : NEXT;
    },
    throws,
    refusal: () => false,
    summary,
    source,
  };
}
