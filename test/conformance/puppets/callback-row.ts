import { findRule } from '../../../src/callbacks/registry.js';
import { neutralAnswer } from '../../../src/callbacks/rule.js';
import type { ArgumentKind } from '../../../src/callbacks/wire-kinds.js';

/** What the puppets of both hosts know of a callback. */
export interface PuppetRow {
  /** Arguments in order, by the names that cases use. */
  readonly names: readonly string[];
  readonly kinds: readonly ArgumentKind[];
  /** What a puppet answers that has no rule to follow. */
  readonly neutral: () => unknown;
}

/** An argument that cases were recorded with under another name than Synapse's. */
const recordedNames: Readonly<Record<string, string>> = { file_wrapper: 'file' };

/** What puppets know of a callback; one that Synapse does not have takes one argument and has nothing to say. */
export function puppetRow(category: string, name: string): PuppetRow {
  const rule = findRule(category, name);
  if (rule === undefined) return { names: ['value'], kinds: ['json'], neutral: () => null };
  return {
    names: Object.keys(rule.args).map((argument) => recordedNames[argument] ?? argument),
    kinds: Object.values(rule.args),
    neutral: () => neutralAnswer(rule) ?? null,
  };
}
