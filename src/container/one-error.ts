import { VesicleError } from '../errors/vesicle-error.js';

/** Throws all mistakes of a class in one error; a single one as it is. */
export function throwMistakes(name: string, mistakes: readonly VesicleError[]): void {
  const [first, second] = mistakes;
  if (first === undefined) return;
  if (second === undefined) throw first;
  const list = mistakes.map((mistake) => `\n  ${mistake.message}`).join('');
  throw new VesicleError(
    'MODULE_INVALID',
    { module: name, count: mistakes.length, mistakes: list },
    {
      cause: new AggregateError(mistakes),
    },
  );
}

/** The mistakes that an error of {@link throwMistakes} holds; any other error is thrown on. */
export function mistakesIn(error: unknown): readonly VesicleError[] {
  if (!(error instanceof VesicleError)) throw error;
  if (!(error.cause instanceof AggregateError)) return [error];
  return error.cause.errors.filter((one: unknown) => one instanceof VesicleError);
}
