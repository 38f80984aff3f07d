import type { RoomId } from '../../matrix/ids.js';
import type { Database, Row } from './database/database.js';
import type { StoredEvent } from './event-store.js';
import { boundsOf, type HistoryRange, isEmptyRange, isInRange, orderOf } from './history-range.js';
import { contentHasUrl } from './room-schema.js';

/** Which events are wanted; empty lists and `false` leave nothing out. `*` in a type stands for any text. */
export interface EventSelection {
  readonly types: readonly string[];
  readonly notTypes: readonly string[];
  readonly senders: readonly string[];
  readonly notSenders: readonly string[];
  /** Some event of one of these senders relates to it. */
  readonly relatedBySenders: readonly string[];
  /** Some event relates to it in one of these ways. */
  readonly relatedByTypes: readonly string[];
  /** Its content has a text named `url`. */
  readonly containsUrl: boolean;
}

/** The events of one kind: a range of an index. */
interface Kind {
  readonly column: 'type' | 'sender';
  readonly value: string;
}

/** So many kinds are read one by one, and so many events of them are counted, at most. */
const maxKinds = 32;
const maxCounted = 1000;

/** The name in full, since `json_each` has a column `type` as well. */
const typeFits = (table: string): string => `
  (:types = '[]' OR EXISTS (SELECT 1 FROM json_each(:types) WHERE ${table}.type GLOB value))
  AND NOT EXISTS (SELECT 1 FROM json_each(:notTypes) WHERE ${table}.type GLOB value)`;

/** What else is selected, written the same whatever it is: statements are kept. The values are JSON lists. */
const selected = `${typeFits('events')}
  AND (:senders = '[]' OR sender IN (SELECT value FROM json_each(:senders)))
  AND sender NOT IN (SELECT value FROM json_each(:notSenders))
  AND ((:relatedBySenders = '[]' AND :relatedByTypes = '[]') OR EXISTS (
    SELECT 1 FROM relations WHERE parent_id = events.event_id
    AND (:relatedBySenders = '[]' OR relations.sender IN (SELECT value FROM json_each(:relatedBySenders)))
    AND (:relatedByTypes = '[]' OR relations.rel_type IN (SELECT value FROM json_each(:relatedByTypes)))))`;

/** The first of these is what the index of such events is for. */
const withUrl = `AND contains_url IS NOT 0 AND coalesce(contains_url, ${contentHasUrl}) = 1`;

const inRange = `${isInRange} AND is_hidden = 0`;

/** Tells SQLite that a kind is rare, so that it takes the index of kinds. */
const ofKind = (column: Kind['column']): string => `likelihood(${column} = :kind, 0.0000001)`;

/** The types that a room has, without looking at each event. */
const typesInRoom = `
  WITH RECURSIVE known (type) AS (
    SELECT min(type) FROM events WHERE room_id = :roomId AND is_hidden = 0
    UNION ALL
    SELECT (SELECT min(type) FROM events WHERE room_id = :roomId AND is_hidden = 0 AND type > known.type)
    FROM known WHERE known.type IS NOT NULL LIMIT ${String(maxKinds + 1)})
  SELECT type, ${typeFits('known')} AS fits FROM known WHERE type IS NOT NULL`;

/** Reads rooms' histories by depth. A kind of event that is rare, or not there, is found without reading all others. */
export class SelectedEvents {
  constructor(private readonly database: Database) {}

  /** Events in order of reading; without a selection all of them. */
  read(range: HistoryRange, selection?: EventSelection): readonly StoredEvent[] {
    if (isEmptyRange(range)) return [];
    const bounds = boundsOf(range);
    if (selection === undefined) return this.readAll(range, { ...bounds, limit: range.limit });
    const kinds = this.rarest([this.typesAmong(range.roomId, selection), sendersAmong(selection)], bounds);
    const values = { ...bounds, limit: range.limit, ...valuesOf(selection) };
    if (kinds === undefined) return this.scan(range, selection, values);
    const found = kinds.flatMap((kind) => this.scan(range, selection, values, kind));
    const sign = range.direction === 'f' ? 1 : -1;
    return found.sort((a, b) => sign * (a.depth - b.depth || a.position - b.position)).slice(0, range.limit);
  }

  private readAll(range: HistoryRange, values: Row): readonly StoredEvent[] {
    return this.database.all<StoredEvent>(
      `SELECT * FROM events WHERE ${inRange} ORDER BY ${orderOf(range)} LIMIT :limit`,
      values,
    );
  }

  private scan(range: HistoryRange, { containsUrl }: EventSelection, values: Row, kind?: Kind): readonly StoredEvent[] {
    return this.database.all<StoredEvent>(
      `SELECT * FROM events WHERE ${inRange} ${kind === undefined ? '' : `AND ${ofKind(kind.column)}`}
       AND ${selected} ${containsUrl ? withUrl : ''} ORDER BY ${orderOf(range)} LIMIT :limit`,
      kind === undefined ? values : { ...values, kind: kind.value },
    );
  }

  /** The types to read; undefined where they are all that the room has, or too many. */
  private typesAmong(roomId: RoomId, { types, notTypes }: EventSelection): readonly Kind[] | undefined {
    if (types.length === 0 && notTypes.length === 0) return undefined;
    const known = this.database.all<{ type: string; fits: number }>(typesInRoom, {
      roomId,
      types: globs(types),
      notTypes: globs(notTypes),
    });
    const wanted = known.filter(({ fits }) => fits === 1);
    if (known.length > maxKinds || wanted.length === known.length) return undefined;
    return wanted.map(({ type }) => ({ column: 'type', value: type }));
  }

  /** Those kinds of which there are fewest. */
  private rarest(ways: readonly (readonly Kind[] | undefined)[], bounds: Row): readonly Kind[] | undefined {
    const known = ways.filter((way) => way !== undefined);
    if (known.length < 2) return known[0];
    const counts = known.map((kinds) => kinds.reduce((sum, kind) => sum + this.countUpTo(kind, bounds), 0));
    return known[counts.indexOf(Math.min(...counts))];
  }

  private countUpTo({ column, value }: Kind, bounds: Row): number {
    const row = this.database.get<{ count: number }>(
      `SELECT count(*) AS count FROM
       (SELECT 1 FROM events WHERE ${inRange} AND ${ofKind(column)} LIMIT ${String(maxCounted)})`,
      { ...bounds, kind: value },
    );
    return row?.count ?? 0;
  }
}

function sendersAmong({ senders }: EventSelection): readonly Kind[] | undefined {
  const distinct = [...new Set(senders)];
  if (distinct.length === 0 || distinct.length > maxKinds) return undefined;
  return distinct.map((value) => ({ column: 'sender', value }));
}

function valuesOf(selection: EventSelection): Row {
  return {
    types: globs(selection.types),
    notTypes: globs(selection.notTypes),
    senders: JSON.stringify(selection.senders),
    notSenders: JSON.stringify(selection.notSenders),
    relatedBySenders: JSON.stringify(selection.relatedBySenders),
    relatedByTypes: JSON.stringify(selection.relatedByTypes),
  };
}

/** Only `*` means more than itself. */
function globs(types: readonly string[]): string {
  return JSON.stringify(types.map((type) => type.replaceAll(/[[?]/g, '[$&]')));
}
