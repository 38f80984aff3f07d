import { callbackCategories, type CallbackCategory, callbackNames, findRule } from '../../src/callbacks/registry.js';
import { argumentNames, isTold, neutralAnswer } from '../../src/callbacks/rule.js';
import { apiTable, type ApiTableRow } from './api-table.js';
import { type BridgeState, bridgeStates } from '../../src/synapse/protocol/link-states.js';
import { limits, protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { resultEncoders } from '../../src/synapse/codecs/result-codecs.js';
import { packageDescription } from '../support/installation.js';
import { json, mapping, type PythonValue, tuple, written } from './python-values.js';

/** The module `link_table.py` of the bridge: the version, the limits, and the states of the link. */
export function linkModule(): string {
  return moduleText(
    'Versions and limits of the protocol, and what each state of the link means.',
    'package.json and src/synapse/protocol/*.ts',
    'LinkRow',
    [
      `BRIDGE_VERSION: Final = ${JSON.stringify(packageDescription().version)}`,
      `PROTOCOL_VERSION: Final = ${String(protocolVersion)}`,
      assigned('LIMITS: Final[dict[str, int]]', mapping(limits, json)),
      '# (questions, notifications, requests of the module host are served, the state after each event)',
      assigned('LINK_STATES: Final[dict[str, LinkRow]]', mapping(bridgeStates, linkRow)),
    ],
  );
}

/** The module `callback_table.py` of the bridge. */
export function callbackModule(): string {
  const categories = Object.fromEntries(callbackCategories.map((category) => [category, category]));
  return moduleText('The callbacks of Synapse, by category.', 'src/callbacks/*.ts', 'CallbackRow', [
    '# (argument names, argument kinds, result kind, is told rather than asked, what a throw means, neutral result, refusal)',
    assigned('CALLBACKS: Final[dict[str, dict[str, CallbackRow]]]', mapping(categories, categoryTable)),
  ]);
}

/** The module `api_table.py` of the bridge. */
export function apiModule(): string {
  return moduleText('The methods of `ModuleApi` that modules may call.', 'src/module-api/api-methods.ts', 'ApiRow', [
    '# (arguments with their kinds, result kind)',
    assigned('API_METHODS: Final[dict[str, ApiRow]]', mapping(apiTable(), apiRow)),
  ]);
}

function moduleText(summary: string, sources: string, row: string, lines: readonly string[]): string {
  return [
    `"""${summary}`,
    '',
    `Made from ${sources} by \`npm run docs\`.`,
    '"""',
    '',
    'from __future__ import annotations',
    '',
    'from typing import Final',
    '',
    `from .rows import ${row}`,
    '',
    ...lines,
    '',
  ].join('\n');
}

function assigned(name: string, value: PythonValue): string {
  return `${name} = ${written(value, 0, name.length + ' = '.length)}`;
}

function linkRow({ questions, notifications, serves, next }: BridgeState): PythonValue {
  return tuple([questions, notifications, serves, next].map(json));
}

function categoryTable(category: CallbackCategory): PythonValue {
  const names = Object.fromEntries((callbackNames(category) ?? []).map((name) => [name, name]));
  return mapping(names, (name) => callbackRow(category, name));
}

function callbackRow(category: CallbackCategory, name: string): PythonValue {
  const rule = findRule(category, name);
  if (rule === undefined) throw new Error(`${category}.${name} has no row`);
  // Null is the neutral result of the other kinds.
  const isPlain = rule.result === 'truth' || rule.result === 'json' || rule.result === 'number';
  return tuple([
    tuple(argumentNames(rule).map(json)),
    tuple(Object.values(rule.args).map(json)),
    json(rule.result),
    json(isTold(rule)),
    json(rule.throws.kind),
    json(isPlain ? neutralAnswer(rule) : undefined),
    json(rule.refusal === undefined ? null : resultEncoders[rule.result](rule.refusal(), noHandles)),
  ]);
}

const noHandles = { ofFunction: () => 0, ofSlot: () => 0 };

function apiRow({ args, result }: ApiTableRow): PythonValue {
  return tuple([mapping(args, json), json(result)]);
}
