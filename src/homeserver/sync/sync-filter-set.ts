import { isJsonObject, type JsonObject, stringsOf } from '../../matrix/json.js';
import { EventFilter } from '../rooms/timeline/event-filter.js';

/** The filters of one sync, by what they filter (`api/filtering.py: FilterCollection`). */
export class SyncFilterSet {
  readonly includeLeave: boolean;
  readonly eventFields: readonly string[];
  readonly isFederationFormat: boolean;
  readonly presence: EventFilter;
  readonly accountData: EventFilter;
  readonly rooms: EventFilter;
  readonly timeline: EventFilter;
  readonly state: EventFilter;
  readonly ephemeral: EventFilter;
  readonly roomAccountData: EventFilter;

  constructor(filter: JsonObject = {}) {
    const room = isJsonObject(filter['room']) ? filter['room'] : {};
    this.includeLeave = room['include_leave'] === true;
    this.eventFields = stringsOf(filter['event_fields']);
    this.isFederationFormat = filter['event_format'] === 'federation';
    this.presence = filterAt(filter, 'presence');
    this.accountData = filterAt(filter, 'account_data');
    this.rooms = new EventFilter({
      ...(room['rooms'] !== undefined && { rooms: room['rooms'] }),
      ...(room['not_rooms'] !== undefined && { not_rooms: room['not_rooms'] }),
    });
    this.timeline = filterAt(room, 'timeline');
    this.state = filterAt(room, 'state');
    this.ephemeral = filterAt(room, 'ephemeral');
    this.roomAccountData = filterAt(room, 'account_data');
  }

  /** Events of a timeline, at most. */
  timelineLimit(most: number): number {
    const limit = Math.max(0, Math.trunc(this.timeline.limit));
    return most < 0 ? limit : Math.min(limit, most);
  }
}

/** A member of a filter that is a filter itself; an empty one when it is absent. */
function filterAt(filter: JsonObject, name: string): EventFilter {
  const member = filter[name];
  return new EventFilter(isJsonObject(member) ? member : {});
}
