import { isDeepStrictEqual } from 'node:util';
import { isRecord, type Json, type JsonRecord, textOf } from './format.js';
import { mismatch } from './match.js';

/** Asked before a module is told of the event. */
const askedFirst = 'third_party_rules.check_event_allowed';

/** What is wrong with the calls that a host makes beside what else it does, or undefined: see README.md. */
export function toldMismatch(
  expected: readonly JsonRecord[],
  actual: readonly JsonRecord[],
  toldBehind: readonly string[],
): string | undefined {
  const isTold = (call: JsonRecord): boolean => toldBehind.includes(textOf(call['callback']));
  const rest = expected.filter(isTold);
  for (const [index, call] of actual.entries()) {
    if (!isTold(call)) continue;
    const found = rest.findIndex((one, at) => isNext(one, rest.slice(0, at)) && fits(one, call) === undefined);
    if (found < 0) return rest[0] === undefined ? `calls[${index}]: surplus` : fits(rest[0], call, `calls[${index}]`);
    rest.splice(found, 1);
    const asked = actual.findIndex((one) => one['callback'] === askedFirst && isAboutTheSame(one, call));
    if (asked > index) return `calls[${index}]: ${textOf(call['callback'])} came before ${askedFirst}`;
  }
  return rest.length === 0 ? undefined : `calls: lacking ${JSON.stringify(rest[0])}`;
}

/** Whether nothing that has yet to come must come first. */
function isNext(call: JsonRecord, before: readonly JsonRecord[]): boolean {
  return !before.some((one) => one['step'] !== call['step'] || isOneTask(one, call));
}

/** The state events of a room may come from one request, which tells of them one after the other; so are modules of one event. */
function isOneTask(one: JsonRecord, other: JsonRecord): boolean {
  const [a, b] = [eventOf(one), eventOf(other)];
  if (isDeepStrictEqual(a, b)) return true;
  const isMember = a['type'] === 'm.room.member' || b['type'] === 'm.room.member';
  return !isMember && isDeepStrictEqual(a['room_id'], b['room_id']);
}

/** The state that goes with the call is that of the moment: what came into the room meanwhile may be in it, too. */
function fits(expected: JsonRecord, actual: JsonRecord, where = ''): string | undefined {
  const args = isRecord(expected['args']) ? expected['args'] : {};
  const state = isRecord(args['state_events']) ? args['state_events']['$state'] : undefined;
  const wanted = state === undefined ? args : { ...args, state_events: { $state: { $contains: state } } };
  return mismatch({ ...expected, args: wanted }, actual, where);
}

function isAboutTheSame(one: JsonRecord, other: JsonRecord): boolean {
  return ['step', 'module'].every((key) => one[key] === other[key]) && isDeepStrictEqual(eventOf(one), eventOf(other));
}

function eventOf({ args }: JsonRecord): JsonRecord {
  const event: Json | undefined = isRecord(args) ? args['event'] : undefined;
  return isRecord(event) ? event : {};
}
