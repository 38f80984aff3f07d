import { didYouMean } from '../errors/nearest-name.js';
import { callbackCategories, type CallbackCategory, callbackNames, findRule } from './registry.js';

/** What somebody may have meant who named a callback that its category does not have; begins with a space. */
export function callbackHint(category: CallbackCategory, name: string): string {
  const owner = callbackCategories.find((other) => findRule(other, name) !== undefined);
  if (owner !== undefined) return ` It is one of ${owner}: write '${owner}', '${name}'.`;
  return didYouMean(name, callbackNames(category) ?? []);
}
