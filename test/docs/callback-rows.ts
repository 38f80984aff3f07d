import { callbackCategories, callbackNames, findRule } from '../../src/callbacks/registry.js';
import type { AnyHandler, Rule } from '../../src/callbacks/rule.js';

/** The row of every callback, with `category.name`. */
export function callbackRows(): readonly (readonly [callback: string, rule: Rule<AnyHandler, unknown>])[] {
  return callbackCategories.flatMap((category) =>
    (callbackNames(category) ?? []).flatMap((name) => {
      const rule = findRule(category, name);
      return rule === undefined ? [] : [[`${category}.${name}`, rule] as const];
    }),
  );
}
