import { NEXT, type AnyHandler, type Row, type Rule } from './rule.js';

/** Refuses on exactly `false`; everything else, also null and 0, goes on to the next callback. */
export function refusesOnFalse<Handler extends AnyHandler>(row: Row<Handler, 'throws'>): Rule<Handler, boolean> {
  return {
    ...row,
    combine: 'first_refusal',
    result: 'truth',
    neutral: () => true,
    judge: (answer, _soFar, warn) => {
      if (answer !== false && answer !== true) warn('an answer that is no boolean');
      return answer === false ? false : NEXT;
    },
    refusal: () => false,
  };
}
