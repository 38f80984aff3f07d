import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, stringsOf } from '../../../matrix/json.js';
import { pythonRepr } from '../../parity/python-repr.js';
import { EventFilter } from './event-filter.js';

/** What somebody searches for. */
export interface SearchRequest {
  readonly term: string;
  readonly keys: readonly string[];
  readonly filter: EventFilter;
  readonly orderBy: 'rank' | 'recent';
  readonly includeState: boolean;
  readonly groupBy: readonly string[];
  readonly context: SearchContextRequest | undefined;
}

/** What is wanted around each result. */
export interface SearchContextRequest {
  readonly before: number;
  readonly after: number;
  readonly includeProfile: boolean;
}

/** Where a search goes on. */
export interface SearchBatch {
  /** `room_id` when only one group goes on, `all` otherwise. */
  readonly group: string;
  readonly key: string;
  readonly token: string;
}

const maxContext = 1000;

/** Reads the body of `/search`: 400 when it is none. */
export function readSearchRequest(body: JsonObject): SearchRequest {
  const wanted = member(member(body, 'search_categories'), 'room_events');
  const { search_term: term, keys, filter, order_by: orderBy = 'rank', include_state: includeState } = wanted;
  if (term === undefined) throw invalid();
  if (typeof term !== 'string') throw wrongType('search_term', 'a string');
  if (orderBy !== 'rank' && orderBy !== 'recent') {
    throw new SynapseError(400, `Invalid order by: ${pythonRepr(orderBy)}`);
  }
  if (filter !== undefined && !isJsonObject(filter)) throw wrongType('filter', 'an object');
  return {
    term,
    keys: keysIn(keys),
    filter: new EventFilter(filter ?? {}),
    orderBy,
    includeState: includeState === true,
    groupBy: groupsIn(wanted['groupings']),
    context: contextIn(wanted['event_context']),
  };
}

/** Reads a `next_batch`: 400 when it is none of ours. */
export function readSearchBatch(text: string): SearchBatch {
  const [group, key, token, ...rest] = Buffer.from(text, 'base64').toString('latin1').split('\n');
  if (group !== undefined && key !== undefined && token !== undefined && rest.length === 0)
    return { group, key, token };
  throw new SynapseError(400, 'Invalid batch');
}

export function writeSearchBatch({ group, key, token }: SearchBatch): string {
  return Buffer.from(`${group}\n${key}\n${token}`).toString('base64').replaceAll('=', '');
}

function keysIn(keys: JsonValue | undefined): readonly string[] {
  if (keys === undefined) return ['content.body', 'content.name', 'content.topic'];
  if (!isJsonArray(keys)) throw wrongType('keys', 'a list');
  return stringsOf(keys);
}

function groupsIn(groupings: JsonValue | undefined): readonly string[] {
  if (groupings === undefined) return [];
  if (!isJsonObject(groupings)) throw wrongType('groupings', 'an object');
  const groups = groupings['group_by'] ?? [];
  if (!isJsonArray(groups)) throw wrongType('group_by', 'a list');
  const keys = groups.map((group) => {
    const key = isJsonObject(group) ? group['key'] : undefined;
    if (typeof key !== 'string') throw invalid();
    return key;
  });
  const unknown = keys.filter((key) => key !== 'room_id' && key !== 'sender');
  if (unknown.length === 0) return keys;
  throw new SynapseError(400, `Invalid group by keys: {${unknown.map((key) => pythonRepr(key)).join(', ')}}`);
}

function contextIn(context: JsonValue | undefined): SearchContextRequest | undefined {
  if (context === undefined || context === null) return undefined;
  if (!isJsonObject(context)) throw wrongType('event_context', 'an object');
  const { before_limit: before = 5, after_limit: after = 5, include_profile: includeProfile } = context;
  return {
    before: limitIn(before, 'before_limit'),
    after: limitIn(after, 'after_limit'),
    includeProfile: includeProfile === true,
  };
}

function limitIn(value: JsonValue, name: string): number {
  if (typeof value !== 'number' || value < 0) throw wrongType(name, 'a positive number');
  return Math.min(Math.floor(value), maxContext);
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  if (value === undefined) throw invalid();
  if (!isJsonObject(value)) throw wrongType(name, 'an object');
  return value;
}

function invalid(): SynapseError {
  return new SynapseError(400, 'Invalid search query');
}

function wrongType(name: string, expected: string): SynapseError {
  return new SynapseError(400, `${name} must be ${expected}`, Codes.BAD_JSON);
}
