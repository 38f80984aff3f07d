import { isDeepStrictEqual } from 'node:util';
import { type Case, isRecord, type Json, type JsonRecord, textOf } from './format.js';
import { mismatch } from './match.js';
import type { RecordedCall } from './puppets/theatre.js';
import { setOrderOf } from './set-order.js';
import { toldMismatch } from './told-behind.js';
import { substitute, type Variables } from './variables.js';

/** The calls of a case that are listed and compared. */
export function listedCalls(test: Case, calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const only = test.calls_of;
  return only === undefined ? calls : calls.filter((call) => only.includes(call.callback));
}

/**
 * What is wrong with the calls that the modules received, or undefined. The callbacks in `toldBehind` are compared apart: the host
 * calls them beside what else it does.
 */
export function callsMismatch(
  test: Case,
  calls: readonly RecordedCall[],
  variables: Variables,
  toldBehind: readonly string[] = [],
): string | undefined {
  const how = test.calls_match ?? 'exact';
  if (test.calls === undefined || how === 'ignore') return undefined;
  const order = setOrderOf(test);
  const expected = substitute(test.calls, variables).map((call): JsonRecord => ({
    step: 0,
    ...call,
    args: order.ofValue(call.args),
  }));
  const actual = listedCalls(test, calls).map((call): JsonRecord => ({
    ...call,
    args: order.ofValue(trim(call.args)),
  }));
  if (how !== 'exact') return distinctMismatch(expected, actual);
  const asked = (list: readonly JsonRecord[]): readonly JsonRecord[] =>
    order.ofCalls(list.filter((call) => !toldBehind.includes(textOf(call['callback']))));
  return exactMismatch(asked(expected), asked(actual)) ?? toldMismatch(expected, actual, toldBehind);
}

function exactMismatch(expected: readonly JsonRecord[], actual: readonly JsonRecord[]): string | undefined {
  if (expected.length !== actual.length) {
    const other = actual.find((call, index) => mismatch(expected[index] ?? null, call) !== undefined);
    const what = other === undefined ? '' : `; the first that differs is ${JSON.stringify(other).slice(0, 2000)}`;
    return `calls: expected ${expected.length}, got ${actual.length}: ${summary(expected)} against ${summary(actual)}${what}`;
  }
  return mismatch([...expected], [...actual], 'calls');
}

function summary(calls: readonly JsonRecord[]): string {
  const names = calls.map((call) => `${textOf(call['step'])} ${textOf(call['module'])} ${textOf(call['callback'])}`);
  return `[${names.join(', ')}]`;
}

/** Repeated equal calls count once; neither order nor step counts. */
function distinctMismatch(expected: readonly JsonRecord[], actual: readonly JsonRecord[]): string | undefined {
  const wanted = expected.map(withoutStep);
  const seen = actual
    .map(withoutStep)
    .filter((call, index, all) => all.findIndex((other) => isDeepStrictEqual(call, other)) === index);
  const lacking = wanted.find((call) => !seen.some((one) => mismatch(call, one) === undefined));
  if (lacking !== undefined) return `calls: none like ${JSON.stringify(lacking)}; there are ${JSON.stringify(seen)}`;
  const surplus = seen.find((one) => !wanted.some((call) => mismatch(call, one) === undefined));
  return surplus === undefined ? undefined : `calls: not expected: ${JSON.stringify(surplus)}`;
}

function withoutStep(call: JsonRecord): JsonRecord {
  return Object.fromEntries<Json>(Object.entries(call).filter(([key]) => key !== 'step'));
}

const untold: readonly Json[] = ['m.room.create', 'm.room.power_levels'];

/** Leaves out of arguments what is the host's own affair. */
function trim(value: Json): Json {
  if (Array.isArray(value)) return value.map(trim);
  if (!isRecord(value)) return value;
  const isUntold = untold.includes(value['type'] ?? null) && 'content' in value && 'sender' in value;
  const entries = Object.entries(value).filter(([key]) => !(isUntold && key === 'content'));
  return thumbnailTrimmed(Object.fromEntries(entries.map(([key, item]) => [key, trim(item)])));
}

/** The bytes of a thumbnail are the image library's affair. */
function thumbnailTrimmed(value: JsonRecord): JsonRecord {
  const info = value['file_info'];
  if (!isRecord(info) || !isRecord(info['thumbnail'])) return value;
  const { length: _length, ...thumbnail } = info['thumbnail'];
  return { file_info: { ...info, thumbnail } };
}
