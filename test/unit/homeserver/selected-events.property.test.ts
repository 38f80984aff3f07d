import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { schemas } from '../../../src/homeserver/compose/services.js';
import { Database } from '../../../src/homeserver/store/database/database.js';
import { EventStore } from '../../../src/homeserver/store/event-store.js';
import type { HistoryPlace } from '../../../src/homeserver/store/history-range.js';
import type { EventSelection } from '../../../src/homeserver/store/selected-events.js';
import type { EventId, RoomId, UserId } from '../../../src/matrix/ids.js';

interface Sent {
  readonly room: RoomId;
  readonly type: string;
  readonly sender: UserId;
  readonly hasUrl: boolean;
  readonly isHidden: boolean;
  readonly depth: number;
  /** Whether the column says if there is a URL: files of older versions leave it open. */
  readonly isKnown: boolean;
}

const rooms = ['!a:hs.test', '!b:hs.test'] as RoomId[];
const types = ['m.room.message', 'm.room.member', 'm.room.[x]', 'org.example.a', 'org.example.ab', 'text', 'null'];
const senders = ['@alice:hs.test', '@bob:hs.test', '@carol:hs.test'] as UserId[];

const sent: fc.Arbitrary<Sent> = fc.record({
  room: fc.constantFrom(...rooms),
  type: fc.oneof(
    fc.constantFrom(...types),
    fc.integer({ min: 0, max: 50 }).map((number) => `org.many.${String(number)}`),
  ),
  sender: fc.constantFrom(...senders),
  hasUrl: fc.boolean(),
  isHidden: fc.boolean(),
  depth: fc.integer({ min: 1, max: 6 }),
  isKnown: fc.boolean(),
});

const patterns = fc.array(fc.constantFrom(...types, 'org.*', '*', 'm.room.*', '*a', '?', 'org.many.1*'), {
  maxLength: 3,
});
const people = fc.array(fc.constantFrom(...senders, '@nobody:hs.test'), { maxLength: 2 });

const selections: fc.Arbitrary<EventSelection> = fc.record({
  types: patterns,
  notTypes: patterns,
  senders: people,
  notSenders: people,
  relatedBySenders: fc.constant([]),
  relatedByTypes: fc.constant([]),
  containsUrl: fc.boolean(),
});

const position = fc.integer({ min: 0, max: 70 });
const place: fc.Arbitrary<HistoryPlace | undefined> = fc.oneof(
  fc.constant(undefined),
  position,
  fc.record({ depth: fc.integer({ min: 0, max: 7 }), position }),
);
const ranges = fc.record({
  roomId: fc.constantFrom(...rooms),
  from: place,
  to: place,
  direction: fc.constantFrom('f' as const, 'b' as const),
  limit: fc.integer({ min: 1, max: 100 }),
});

function fits(pattern: string, type: string): boolean {
  const source = pattern.split('*').map((text) => text.replaceAll(/[[\]?.]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`).test(type);
}

function isWanted(event: Sent, selection: EventSelection): boolean {
  if (event.isHidden) return false;
  if (selection.types.length > 0 && !selection.types.some((pattern) => fits(pattern, event.type))) return false;
  if (selection.notTypes.some((pattern) => fits(pattern, event.type))) return false;
  if (selection.senders.length > 0 && !selection.senders.includes(event.sender)) return false;
  return !selection.notSenders.includes(event.sender) && (!selection.containsUrl || event.hasUrl);
}

function insert(store: EventStore, event: Sent, at: number): void {
  const content = event.hasUrl ? { url: 'mxc://a' } : { url: 1 };
  store.insert({
    position: at,
    event_id: `$${String(at)}` as EventId,
    room_id: event.room,
    type: event.type,
    state_key: null,
    sender: event.sender,
    origin_server_ts: 0,
    json: JSON.stringify({ content, depth: event.depth }),
    metadata: null,
    is_hidden: Number(event.isHidden),
    redacted_by: null,
    contains_url: event.isKnown ? Number(event.hasUrl) : null,
  });
}

describe('events of a history by a filter', () => {
  it('are those that fit, in order, whichever index they are read by', () => {
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 70 }),
        fc.array(fc.tuple(fc.option(selections, { nil: undefined }), ranges)),
        (events, questions) => {
          using database = new Database(':memory:', schemas);
          const store = new EventStore(database);
          for (const [index, event] of events.entries()) insert(store, event, index + 1);
          for (const [selection, { roomId, from, to, direction, limit }] of questions) {
            const range = { roomId, direction, limit, ...(from !== undefined && { from }) };
            const found = store.readHistory({ ...range, ...(to !== undefined && { to }) }, selection);
            const wanted = events
              .map((event, index) => ({ ...event, position: index + 1 }))
              .filter((event) => event.room === roomId && isWanted(event, selection ?? everything))
              .filter((event) => isBetween(event, direction, from, to))
              .sort((a, b) => (direction === 'f' ? 1 : -1) * (a.depth - b.depth || a.position - b.position))
              .slice(0, limit);
            assert.deepEqual(
              found.map((row) => [row.depth, row.position]),
              wanted.map((event) => [event.depth, event.position]),
            );
          }
        },
      ),
    );
  });
});

/** Tokens lie behind the events that they name; nothing lies between two of which the first has the greater position. */
function isBetween(
  event: { readonly depth: number; readonly position: number },
  direction: 'f' | 'b',
  from: HistoryPlace | undefined,
  to: HistoryPlace | undefined,
): boolean {
  const [low, high] = direction === 'f' ? [from, to] : [to, from];
  const numberOf = (at: HistoryPlace): number => (typeof at === 'number' ? at : at.position);
  if (low !== undefined && high !== undefined && numberOf(low) >= numberOf(high)) return false;
  const isAfter = (at: HistoryPlace): boolean =>
    typeof at === 'number'
      ? event.position > at
      : event.depth > at.depth || (event.depth === at.depth && event.position > at.position);
  return (low === undefined || isAfter(low)) && (high === undefined || !isAfter(high));
}

const everything: EventSelection = {
  types: [],
  notTypes: [],
  senders: [],
  notSenders: [],
  relatedBySenders: [],
  relatedByTypes: [],
  containsUrl: false,
};
