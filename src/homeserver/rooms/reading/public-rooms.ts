import { Codes } from '../../../errors/matrix-codes.js';
import { SynapseError } from '../../../errors/synapse-error.js';
import { isJsonObject, itemsOf, type JsonObject } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import { compareText } from '../../parity/sort-order.js';
import { directoryEntry, type RoomSummaries, type RoomSummary } from './room-summary.js';

/** Which rooms of the directory are wanted. */
export interface PublicRoomsQuery {
  readonly limit?: number;
  readonly since?: string;
  readonly filter?: JsonObject;
  /** Only rooms that an application service lists for one of its networks: none here. */
  readonly isOfNetwork?: boolean;
}

interface Mark {
  readonly joinedMembers: number;
  readonly roomId: string;
  readonly isForward: boolean;
}

const maxRooms = 100;

/** The room directory (`handlers/room_list.py`), biggest rooms first. */
export class PublicRooms {
  constructor(
    private readonly context: Pick<HomeserverContext, 'config'>,
    private readonly summaries: RoomSummaries,
  ) {}

  list(query: PublicRoomsQuery): JsonObject {
    if (!this.context.config.enableRoomListSearch) return { chunk: [], total_room_count_estimate: 0 };
    const limit = Math.min(query.limit ?? maxRooms, maxRooms);
    const mark = query.since === undefined || query.since === '' ? undefined : readMark(query.since);
    const matches = matcherFor(query.filter);
    const listed = query.isOfNetwork === true ? [] : this.summaries.published().filter(typeMatcherFor(query.filter));
    const rooms = listed.filter(matches).sort(compare);
    const isForward = mark?.isForward ?? true;
    const rest = mark === undefined ? rooms : rooms.filter((room) => isBeyond(room, mark));
    const page = isForward ? rest.slice(0, limit) : rest.slice(-limit);
    const isMore = rest.length > page.length;
    return {
      chunk: page.map(directoryEntry),
      ...marksFor(page, mark, isMore),
      // What is searched for does not count, as in Synapse.
      total_room_count_estimate: listed.length,
    };
  }
}

/** Where the lists before and after a page begin; absent where there is nothing. */
function marksFor(page: readonly RoomSummary[], mark: Mark | undefined, isMore: boolean): JsonObject {
  const isForward = mark?.isForward ?? true;
  const hasBefore = isForward ? mark !== undefined : isMore;
  const hasAfter = isForward ? isMore : mark !== undefined;
  const [first] = page;
  const last = page.at(-1);
  if (first === undefined || last === undefined) {
    return hasBefore && isForward ? { prev_batch: writeMark(0, '', false) } : {};
  }
  return {
    ...(hasBefore && { prev_batch: writeMark(first.joinedMembers, first.roomId, false) }),
    ...(hasAfter && { next_batch: writeMark(last.joinedMembers, last.roomId, true) }),
  };
}

function compare(a: RoomSummary, b: RoomSummary): number {
  return b.joinedMembers - a.joinedMembers || compareText(b.roomId, a.roomId);
}

/** Whether a room comes after the mark, in its direction. */
function isBeyond(room: RoomSummary, mark: Mark): boolean {
  const order = room.joinedMembers - mark.joinedMembers || compareText(room.roomId, mark.roomId);
  return mark.isForward ? order < 0 : order > 0;
}

function matcherFor(filter: JsonObject | undefined): (room: RoomSummary) => boolean {
  const term = filter?.['generic_search_term'];
  const wanted = typeof term === 'string' ? term.toLowerCase() : '';
  return (room) => {
    const texts = [room.name, room.topic, room.canonicalAlias];
    return wanted === '' || texts.some((text) => text?.toLowerCase().includes(wanted) === true);
  };
}

/** An empty list of types leaves nothing out. */
function typeMatcherFor(filter: JsonObject | undefined): (room: RoomSummary) => boolean {
  const given = filter?.['room_types'];
  const types = itemsOf(given);
  return (room) => types.length === 0 || types.includes(room.roomType);
}

function writeMark(joinedMembers: number, roomId: string, isForward: boolean): string {
  return Buffer.from(JSON.stringify({ m: joinedMembers, r: roomId, d: isForward })).toString('base64url');
}

function readMark(text: string): Mark {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (isJsonObject(value)) {
      const { m, r, d } = value;
      if (typeof m === 'number' && typeof r === 'string' && typeof d === 'boolean') {
        return { joinedMembers: m, roomId: r, isForward: d };
      }
    }
  } catch {
    // Whatever it is, it is no mark of ours.
  }
  throw new SynapseError(400, 'Invalid since token', Codes.INVALID_PARAM);
}
