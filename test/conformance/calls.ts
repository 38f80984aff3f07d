import { isDeepStrictEqual } from 'node:util';
import { type Case, type ExpectedCall, isRecord, type Json, type JsonRecord, textOf } from './format.js';
import { mismatch } from './match.js';
import type { RecordedCall } from './puppets/theatre.js';
import { substitute, type Variables } from './variables.js';

/** The calls of a case that are listed and compared. */
export function listedCalls(test: Case, calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const only = test.calls_of;
  return only === undefined ? calls : calls.filter((call) => only.includes(call.callback));
}

/**
 * What is wrong with the calls that the modules received, or undefined. Calls of the callbacks in `toldBehind` keep their order
 * among themselves, but may stand anywhere in their step: the host makes them beside what else it does.
 */
export function callsMismatch(
  test: Case,
  calls: readonly RecordedCall[],
  variables: Variables,
  toldBehind: readonly string[] = [],
): string | undefined {
  const how = test.calls_match ?? 'exact';
  if (test.calls === undefined || how === 'ignore') return undefined;
  const expected = substitute(test.calls, variables);
  const actual = listedCalls(test, calls).map((call): JsonRecord => ({ ...call, args: trim(call.args) }));
  if (how !== 'exact') return distinctMismatch(expected, actual);
  return exactMismatch(inStrands(expected, toldBehind), inStrands(actual, toldBehind));
}

/** The calls of each step, those that are told behind after the others. */
function inStrands<Call extends ExpectedCall | JsonRecord>(
  calls: readonly Call[],
  toldBehind: readonly string[],
): readonly Call[] {
  if (toldBehind.length === 0) return calls;
  const rank = (call: Call): number =>
    2 * Number(call.step ?? 0) + Number(toldBehind.includes(textOf(call['callback'])));
  return calls.toSorted((a, b) => rank(a) - rank(b));
}

function exactMismatch(expected: readonly ExpectedCall[], actual: readonly JsonRecord[]): string | undefined {
  if (expected.length !== actual.length) {
    return `calls: expected ${expected.length}, got ${actual.length}: ${summary(expected)} against ${summary(actual)}`;
  }
  return mismatch(expected as unknown as Json, [...actual], 'calls');
}

function summary(calls: readonly (ExpectedCall | JsonRecord)[]): string {
  return `[${calls.map((call) => `${textOf(call.step)} ${textOf(call['module'])} ${textOf(call.callback)}`).join(', ')}]`;
}

/** Repeated equal calls count once; neither order nor step counts. */
function distinctMismatch(expected: readonly ExpectedCall[], actual: readonly JsonRecord[]): string | undefined {
  const wanted = expected.map(withoutStep);
  const seen = actual
    .map(withoutStep)
    .filter((call, index, all) => all.findIndex((other) => isDeepStrictEqual(call, other)) === index);
  const lacking = wanted.find((call) => !seen.some((one) => mismatch(call, one) === undefined));
  if (lacking !== undefined) return `calls: none like ${JSON.stringify(lacking)}; there are ${JSON.stringify(seen)}`;
  const surplus = seen.find((one) => !wanted.some((call) => mismatch(call, one) === undefined));
  return surplus === undefined ? undefined : `calls: not expected: ${JSON.stringify(surplus)}`;
}

function withoutStep(call: ExpectedCall | JsonRecord): JsonRecord {
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
