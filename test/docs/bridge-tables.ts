import { readFileSync } from 'node:fs';
import { callbackCategories, type CallbackCategory, callbackNames, findRule } from '../../src/callbacks/registry.js';
import { argumentNames, isTold, neutralAnswer } from '../../src/callbacks/rule.js';
import { apiTable, type ApiTableRow } from './api-table.js';
import { type BridgeState, bridgeStates } from '../../src/synapse/protocol/link-states.js';
import { limits, protocolVersion } from '../../src/synapse/protocol/protocol.js';
import { resultEncoders } from '../../src/synapse/codecs/result-codecs.js';
import { packageDescription } from '../support/installation.js';

const bridge = 'src/synapse/python/vesicle_bridge.py';
const begin = '# BEGIN GENERATED from package.json, src/synapse/*.ts and src/callbacks/*.ts: npm run docs\n';
const end = '# END GENERATED\n';

/** `vesicle_bridge.py` with its tables as the protocol and the rules of the callbacks have them. */
export function bridgeWithTables(): string {
  const text = readFileSync(bridge, 'utf8');
  const [before, rest] = text.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`${bridge} has lost the marks around its tables`);
  return [before, begin, tables(), end, after].join('');
}

function tables(): string {
  return [
    `BRIDGE_VERSION: Final = ${python(packageDescription().version)}`,
    `PROTOCOL_VERSION: Final = ${protocolVersion}`,
    `LIMITS: Final[dict[str, int]] = ${block('{', members(limits, python), '}', 0)}`,
    '# (questions, notifications, requests of the module host are served, the state after each event)',
    `LINK_STATES: Final[dict[str, LinkRow]] = ${block('{', members(bridgeStates, linkRow), '}', 0)}`,
    '# (argument names, argument kinds, result kind, is told rather than asked, what a throw means, neutral result, refusal)',
    `CALLBACKS: Final[dict[str, dict[str, CallbackRow]]] = ${block('{', callbackCategories.map(categoryTable), '}', 0)}`,
    '# (arguments with their kinds, result kind)',
    `API_METHODS: Final[dict[str, ApiRow]] = ${block('{', members(apiTable(), apiRow), '}', 0)}`,
    '',
  ].join('\n');
}

function linkRow({ questions, notifications, serves, next }: BridgeState): string {
  return block('(', [questions, notifications, serves, next].map(python), ')', 1);
}

function categoryTable(category: CallbackCategory): string {
  const rows = (callbackNames(category) ?? []).map((name) => `${python(name)}: ${callbackRow(category, name)}`);
  return `${python(category)}: ${block('{', rows, '}', 1)}`;
}

function callbackRow(category: CallbackCategory, name: string): string {
  const rule = findRule(category, name);
  if (rule === undefined) throw new Error(`${category}.${name} has no row`);
  // Null is the neutral result of the other kinds.
  const isPlain = rule.result === 'truth' || rule.result === 'json' || rule.result === 'number';
  const row = [
    tuple(argumentNames(rule)),
    tuple(Object.values(rule.args)),
    python(rule.result),
    python(isTold(rule)),
    python(rule.throws.kind),
    python(isPlain ? neutralAnswer(rule) : undefined),
    python(rule.refusal === undefined ? null : resultEncoders[rule.result](rule.refusal(), noHandles)),
  ];
  return block('(', row, ')', 2);
}

const noHandles = { ofFunction: () => 0, ofSlot: () => 0 };

function apiRow({ args, result }: ApiTableRow): string {
  const names = members(args, python);
  const kinds = names.length <= 2 ? `{${names.join(', ')}}` : block('{', names, '}', 2);
  return block('(', [kinds, python(result)], ')', 1);
}

function members<Value>(table: Readonly<Record<string, Value>>, write: (value: Value) => string): readonly string[] {
  return Object.entries(table).map(([name, value]) => `${python(name)}: ${write(value)}`);
}

function tuple(items: readonly string[]): string {
  return `(${items.map(python).join(', ')}${items.length === 1 ? ',' : ''})`;
}

/** Items on lines of their own. */
function block(open: string, items: readonly string[], close: string, depth: number): string {
  const indent = '    '.repeat(depth);
  return `${open}\n${items.map((item) => `${indent}    ${item},\n`).join('')}${indent}${close}`;
}

/** A value of JSON as Python writes it. */
function python(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const parts = Object.entries(value).map(([name, member]) => `${python(name)}: ${python(member)}`);
  return `{${parts.join(', ')}}`;
}
