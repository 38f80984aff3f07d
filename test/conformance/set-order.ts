import { compareText } from '../../src/homeserver/parity/sort-order.js';
import { type Case, isRecord, type Json, type JsonRecord, textOf } from './format.js';

/**
 * Synapse goes through Python sets of texts in a few places. Their order is another at each start of Python, and that of room IDs
 * another in each run, so what a recording shows of it is chance. The README names the places.
 */
export interface SetOrder {
  /** The calls in an order that only depends on what is no chance. */
  readonly ofCalls: (calls: readonly JsonRecord[]) => readonly JsonRecord[];
  /** A body or an argument in which chance shows no more. */
  readonly ofValue: <Value extends Json>(value: Value) => Value;
}

/** A call among those that a loop over a set makes. */
interface Turn {
  /** Calls that follow each other and have this in common were made by one loop. */
  readonly loop: string;
  /** What of the set the call is about: calls about the same keep their order. */
  readonly element: string;
}

/** Tells what of a case hangs on the order of a Python set. */
export function setOrderOf(test: Case): SetOrder {
  const turns = [...(editsAddresses(test) ? [addressTurn] : []), ...(joinsInOrder(test) ? [] : [roomTurn])];
  const turnOf = (call: JsonRecord): Turn | undefined =>
    turns.map((turn) => turn(call)).find((turn) => turn !== undefined);
  const rewrite = [anyAuthoriser, sortedFlows, ...(editsAddresses(test) ? [sortedAddresses] : [])];
  return {
    ofCalls: (calls) => loopsOf(calls, turnOf).flatMap((loop) => loop.toSorted(byElement).map(({ call }) => call)),
    ofValue: (value) => rewritten(value, rewrite) as typeof value,
  };
}

interface Entry {
  readonly call: JsonRecord;
  readonly turn: Turn | undefined;
}

function loopsOf(calls: readonly JsonRecord[], turnOf: (call: JsonRecord) => Turn | undefined): Entry[][] {
  const loops: Entry[][] = [];
  for (const call of calls) {
    const entry = { call, turn: turnOf(call) };
    const before = loops.at(-1)?.[0];
    if (before !== undefined && isSameLoop(before, entry)) loops.at(-1)?.push(entry);
    else loops.push([entry]);
  }
  return loops;
}

function isSameLoop(one: Entry, other: Entry): boolean {
  return one.turn !== undefined && one.turn.loop === other.turn?.loop && one.call['step'] === other.call['step'];
}

function byElement(one: Entry, other: Entry): number {
  return compareText(one.turn?.element ?? '', other.turn?.element ?? '');
}

const addressLoops: Readonly<Record<string, string>> = {
  'third_party_rules.on_remove_user_third_party_identifier': 'removed',
  'third_party_rules.on_add_user_third_party_identifier': 'added',
  'third_party_rules.on_threepid_bind': 'added',
};

/** `rest/admin/users.py: UserRestServletV2.on_PUT` takes the addresses of the request as a set, and stores them in its order. */
function addressTurn({ callback, args }: JsonRecord): Turn | undefined {
  const loop = addressLoops[textOf(callback)];
  if (loop === undefined || !isRecord(args)) return undefined;
  const { user_id: user, medium, address } = args;
  return { loop: `${loop} of ${textOf(user)}`, element: `${textOf(medium)} ${textOf(address)}` };
}

const eventCallbacks = [
  'spam_checker.check_event_for_spam',
  'third_party_rules.check_event_allowed',
  'third_party_rules.on_new_event',
];

/**
 * `deactivate_account.py: _part_user` and `admin.py: start_redact_events` go through the set of a user's rooms,
 * `profile.py: _update_join_states_task` through their sorted IDs, which are random.
 */
function roomTurn({ callback, args }: JsonRecord): Turn | undefined {
  if (!isRecord(args)) return undefined;
  if (callback === 'spam_checker.user_may_join_room' && typeof args['room_id'] === 'string') {
    return { loop: `join of ${textOf(args['user_id'])}`, element: args['room_id'] };
  }
  const event = args['event'];
  if (!eventCallbacks.includes(textOf(callback)) || !isRecord(event)) return undefined;
  const { type, sender, state_key: key, room_id: room } = event;
  const isOwnMembership = type === 'm.room.member' && key === sender;
  if (typeof room !== 'string' || !(isOwnMembership || type === 'm.room.redaction')) return undefined;
  const { content } = event;
  const what = isOwnMembership && isRecord(content) ? content['membership'] : type;
  return { loop: `${textOf(what)} of ${textOf(sender)}`, element: room };
}

/** Whether an administrator gives a user addresses, or takes them, all by one request. */
function editsAddresses(test: Case): boolean {
  return [...(test.setup ?? []), ...(test.steps ?? [])].some(({ request }) => {
    const [method, path, body] = request ?? [];
    return method === 'PUT' && path?.startsWith('/_synapse/admin/v2/users/') && isRecord(body) && 'threepids' in body;
  });
}

/** A new user joins the rooms that the configuration lists in the order of the list. */
function joinsInOrder(test: Case): boolean {
  return test.server !== undefined && 'auto_join_rooms' in test.server;
}

type Rewrite = (value: Json, key: string) => Json;

function rewritten(value: Json, rewrites: readonly Rewrite[], key = ''): Json {
  const inside = Array.isArray(value)
    ? value.map((item) => rewritten(item, rewrites))
    : isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rewritten(item, rewrites, name)]))
      : value;
  return rewrites.reduce((result, rewrite) => rewrite(result, key), inside);
}

/** `event_auth.py: get_user_which_could_invite` takes any of the set of local users who may invite. */
function anyAuthoriser(value: Json, key: string): Json {
  return key === 'join_authorised_via_users_server' && typeof value === 'string'
    ? value.replace(/^@[^:]+/, '@')
    : value;
}

/** `handlers/auth.py: _get_available_ui_auth_types` answers with a set, each element of which becomes a flow of one stage. */
function sortedFlows(value: Json, key: string): Json {
  if (key !== 'flows' || !Array.isArray(value) || !value.every(hasOneStage)) return value;
  return value.toSorted((a, b) => compareText(JSON.stringify(a), JSON.stringify(b)));
}

function hasOneStage(flow: Json): boolean {
  return isRecord(flow) && Array.isArray(flow['stages']) && flow['stages'].length === 1;
}

/** Lists of addresses stand in the order in which they were stored. */
function sortedAddresses(value: Json): Json {
  if (!Array.isArray(value) || value.some((item) => addressOf(item) === undefined)) return value;
  return value.toSorted((a, b) => compareText(addressOf(a) ?? '', addressOf(b) ?? ''));
}

function addressOf(item: Json): string | undefined {
  const { medium, address } = isRecord(item) ? item : {};
  return typeof medium === 'string' && typeof address === 'string' ? `${medium} ${address}` : undefined;
}
