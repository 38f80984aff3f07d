import { NEXT, type AnyHandler, type Row, type Rule } from './rule.js';

/** Everybody is told, in order; what they answer is ignored. */
export function notification<Handler extends AnyHandler>(row: Row<Handler, 'throws'>): Rule<Handler, undefined> {
  return { ...row, combine: 'all', result: 'none', neutral: () => undefined, judge: () => NEXT };
}

/** The only callback of its kind: its answer is the result; undefined when nobody registered. */
export function single<Handler extends AnyHandler>(
  row: Row<Handler, 'result' | 'neutralAnswer' | 'onFailure' | 'throws'>,
): Rule<Handler, Awaited<ReturnType<Handler>> | undefined> {
  return {
    ...row,
    combine: 'single',
    neutral: () => undefined,
    judge: (answer) => answer as Awaited<ReturnType<Handler>>,
  };
}
