import { callbackCategories, callbackNames } from '../../src/callbacks/registry.js';
import { RegistrationBehaviour } from '../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import { Tuple } from '../../src/matrix/tuple.js';
import { puppetRow } from '../conformance/puppets/callback-row.js';

/** `recorder/callbacks.json`: what the puppets of the recorder know of each callback, from the rows in `src/callbacks`. */
export function puppetTable(): string {
  return JSON.stringify(
    Object.fromEntries(
      callbackCategories.map((category) => [
        category,
        Object.fromEntries((callbackNames(category) ?? []).map((name) => [name, puppetEntry(category, name)])),
      ]),
    ),
  );
}

function puppetEntry(category: string, name: string): object {
  const { names, neutral } = puppetRow(category, name);
  return { args: names, neutral: caseForm(neutral()) };
}

/** An answer in the form that cases use. */
function caseForm(answer: unknown): unknown {
  if (answer === NOT_SPAM) return 'NOT_SPAM';
  if (answer instanceof RegistrationBehaviour) return { $registration: answer.name };
  if (answer instanceof Tuple) return { $tuple: answer.items as unknown };
  if (answer instanceof Set) return { $set: [...(answer as ReadonlySet<unknown>)] };
  if (answer instanceof Map) return Object.fromEntries(answer as ReadonlyMap<string, unknown>);
  return answer;
}
