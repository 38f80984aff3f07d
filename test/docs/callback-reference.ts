import {
  callbackCategories,
  type CallbackCategory,
  callbackNames,
  categoryRules,
  findRule,
} from '../../src/callbacks/registry.js';
import { type AnyHandler, argumentNames, type Combination, type Rule } from '../../src/callbacks/rule.js';
import { RegistrationBehaviour } from '../../src/callbacks/spam-checker.js';
import { NOT_SPAM } from '../../src/callbacks/spam-verdict.js';
import type { Throws } from '../../src/callbacks/throws.js';
import { type CallbackSignature, readSignatures } from './callback-signatures.js';

type AnyRule = Rule<AnyHandler, unknown>;

const combinations: Readonly<Record<Combination, string>> = {
  first_refusal: 'In order, until one refuses.',
  first_answer: 'In order, until one has an answer.',
  first_replacement: 'In order, until one refuses, or replaces what it was asked about.',
  merge: 'Everybody is asked; the answers are merged.',
  all: 'Everybody is told, in order; answers are ignored.',
  single: 'There can be one callback only.',
};

/** `docs/callbacks.md`: every callback, from the table in `src/callbacks`. */
export function callbackReference(): string {
  const signatures = readSignatures();
  const count = callbackCategories.flatMap((category) => callbackNames(category) ?? []).length;
  return (
    [
      '# Callbacks',
      '<!-- Made by `npm run docs` from src/callbacks. Edit that, not this. -->',
      `${count} callbacks in ${callbackCategories.length} categories, under Synapse's names. A method becomes one with \`@Callback(category, name)\`, a function with \`api.register...Callbacks({ name: function })\`. Arguments come by position. Callbacks are asked in the order of the modules in the configuration; one registered later is asked from the next question on.`,
      'A client sees a `SynapseError` that is thrown through as it is; any other throw is 500 `M_UNKNOWN`. `when`, `timeout`, `onFailure` and `mode` are options of `@Callback` and `@Module`.',
      ...callbackCategories
        .map((category) => `- [${category}](#${category})`)
        .join('\n')
        .split('\n\n'),
      ...callbackCategories.flatMap((category) => categorySection(category, signatures)),
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

function categorySection(
  category: CallbackCategory,
  signatures: ReadonlyMap<string, CallbackSignature>,
): readonly string[] {
  const method = `register_${category}_callbacks`.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const names = callbackNames(category) ?? [];
  return [
    `## ${category}`,
    `\`api.${method}\`.${categoryNote(category)}`,
    ...names.flatMap((name) => {
      const rule = findRule(category, name);
      return rule === undefined ? [] : callbackSection(name, rule, signatures.get(name));
    }),
  ];
}

function categoryNote(category: CallbackCategory): string {
  const { paired, required, onlyFirst } = categoryRules[category] ?? {};
  const notes = [
    paired && ` ${codes(paired.names)} are registered together or not at all.`,
    required && ` ${codes(required)} must be among what is registered.`,
    onlyFirst !== undefined && ' Only the first registration counts; later ones are ignored with a warning.',
  ];
  return notes.filter((note) => typeof note === 'string').join('');
}

function callbackSection(name: string, rule: AnyRule, signature: CallbackSignature | undefined): readonly string[] {
  if (signature === undefined) throw new Error(`src/callbacks has no signature of ${name}.`);
  return [
    `### ${name}`,
    '```ts\n' + signature.type + '\n```',
    `${rule.summary} ${signature.comment}`,
    [
      `- Asked: ${combinations[rule.combine]}${rule.keyedBy === undefined ? '' : ` Each is registered for one \`${rule.keyedBy}\`, and asked for no other.`}`,
      `- Nobody has anything to say: ${show(rule.neutral())}.`,
      `- Throws: ${throwsText(rule.throws)}`,
      `- Arguments in Synapse: ${codes(argumentNames(rule))}. Asked in ${codes(rule.source.split('; '))}.`,
    ].join('\n'),
  ];
}

function throwsText(throws: Throws): string {
  if (throws.kind === 'propagates') return 'fail the operation.';
  if (throws.kind === 'logged')
    return `are logged as ${throws.level === 'warn' ? 'warnings' : 'errors'}, and the next callback is asked.`;
  const exception = throws.keepsSynapseError ? '; a `SynapseError` stays as it is' : ', a `SynapseError` too';
  return `become \`${String(throws.error(undefined))}\`${exception}.`;
}

function show(value: unknown): string {
  if (value === NOT_SPAM) return '`NOT_SPAM`';
  if (value instanceof RegistrationBehaviour) return `\`RegistrationBehaviour.${value.name}\``;
  if (value instanceof Map || value instanceof Set) return 'nobody';
  return value === undefined ? "the homeserver's own way" : `\`${JSON.stringify(value)}\``;
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
