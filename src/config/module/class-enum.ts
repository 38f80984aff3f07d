import { didYouMean } from '../../errors/nearest-name.js';
import { shownWord } from '../values/readers.js';

/** A value of an enum, with its name where the value does not say it. */
export interface Choice {
  readonly value: unknown;
  readonly name: string | undefined;
}

/** The values of an enum, or of a list in place of one. TypeScript adds the names of numeric members as values; they are none. */
export function choicesOf(entity: unknown): readonly Choice[] {
  if (typeof entity !== 'object' || entity === null) return [];
  if (Array.isArray(entity)) return entity.map((value: unknown) => ({ value, name: undefined }));
  const members: Readonly<Record<string, unknown>> = { ...entity };
  return Object.entries(members)
    .filter(
      ([key, value]) => !(String(Number(key)) === key && typeof value === 'string' && members[value] === Number(key)),
    )
    .map(([name, value]) => ({ value, name: typeof value === 'number' ? name : undefined }));
}

/** What is wrong with a value that is none of them, or undefined. */
export function choiceFault(value: unknown, choices: readonly Choice[]): string | undefined {
  if (choices.some((choice) => choice.value === value)) return undefined;
  const named = choices.find(({ name }) => name !== undefined && name === value);
  const list = choices.map(
    (choice) => JSON.stringify(choice.value) + (choice.name === undefined ? '' : ` (${choice.name})`),
  );
  const texts = choices.flatMap((choice) => (typeof choice.value === 'string' ? [choice.value] : []));
  const remedy = typeof value === 'string' ? didYouMean(value, texts) : '';
  const write = named === undefined ? remedy : ` Write ${JSON.stringify(named.value)}.`;
  return `expected one of ${list.join(', ')}, got ${shownWord(value)}.${write}`;
}
