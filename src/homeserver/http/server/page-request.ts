import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject } from '../../../matrix/json.js';
import { parseJson } from '../../../matrix/untrusted-json.js';
import { EventFilter } from '../../rooms/timeline/event-filter.js';
import type { PageRequest } from '../../rooms/timeline/room-history.js';
import type { HistoryPlace } from '../../store/history-range.js';
import { parseHistoryToken } from '../../runtime/stream-token.js';
import { queryInteger, queryString } from './query.js';

const maxLimit = 1000;

/** Which page of something a request asks for (`streams/config.py: PaginationConfig`). */
export function pageRequest(
  query: URLSearchParams,
  defaults: { readonly limit: number; readonly direction?: 'f' | 'b' },
): PageRequest {
  const direction = queryString(query, 'dir', { allowed: ['b', 'f'] as const }) ?? defaults.direction ?? 'f';
  return {
    direction,
    from: token(query, 'from'),
    to: token(query, 'to'),
    limit: Math.min(queryInteger(query, 'limit') ?? defaults.limit, maxLimit),
  };
}

/** The `filter` of a request; undefined when it is absent. */
export function filterIn(query: URLSearchParams): EventFilter | undefined {
  const text = query.get('filter');
  if (text === null) return undefined;
  const json = decoded(text);
  if (!isJsonObject(json)) throw notAnObject();
  return new EventFilter(json);
}

function token(query: URLSearchParams, name: string): HistoryPlace | undefined {
  const text = queryString(query, name);
  // Clients of old give END for the newest events.
  if (text === undefined || text === '' || (name === 'from' && text === 'END')) return undefined;
  try {
    return parseHistoryToken(text);
  } catch (error) {
    throw new SynapseError(400, `'${name}' parameter is invalid`, Codes.UNKNOWN, {}, {}, { cause: error });
  }
}

/** Synapse takes filters that were percent-encoded twice. */
function decoded(text: string): unknown {
  const parse = (value: string): unknown => parseJson(Buffer.from(value));
  try {
    return parse(text);
  } catch {
    try {
      return parse(decodeURIComponent(text));
    } catch (error) {
      throw notAnObject(error);
    }
  }
}

function notAnObject(cause?: unknown): SynapseError {
  const message = 'Query parameter filter must be a valid JSON object';
  return new SynapseError(400, message, Codes.NOT_JSON, {}, {}, cause === undefined ? undefined : { cause });
}
