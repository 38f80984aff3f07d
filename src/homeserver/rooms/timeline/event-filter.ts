import { SynapseError } from '../../../errors/synapse-error.js';
import { Codes } from '../../../errors/matrix-codes.js';
import type { RoomId } from '../../../matrix/ids.js';
import { isJsonArray, isStringArray, itemsOf, type JsonObject } from '../../../matrix/json.js';
import type { EventSelection } from '../../store/selected-events.js';
import type { RelationStore } from '../../store/relation-store.js';
import type { RoomEvent } from '../model/room-event.js';

/** A filter of room events as clients give it (`api/filtering.py: Filter`). */
export class EventFilter {
  readonly limit: number;
  readonly lazyLoadMembers: boolean;
  readonly includeRedundantMembers: boolean;
  readonly unreadThreadNotifications: boolean;
  readonly isFederationFormat: boolean;
  private readonly types: readonly string[] | undefined;
  private readonly notTypes: readonly string[];
  private readonly senders: readonly string[] | undefined;
  private readonly notSenders: readonly string[];
  private readonly rooms: readonly string[] | undefined;
  private readonly notRooms: readonly string[];
  private readonly labels: readonly string[] | undefined;
  private readonly notLabels: readonly string[];
  private readonly containsUrl: boolean | undefined;
  private readonly relatedBySenders: readonly string[];
  private readonly relatedByTypes: readonly string[];

  /** Takes a filter apart: 400 when a member that it knows is of a wrong type. */
  constructor(private readonly json: JsonObject) {
    this.limit = number(json, 'limit') ?? 10;
    this.lazyLoadMembers = flag(json, 'lazy_load_members') ?? false;
    this.includeRedundantMembers = flag(json, 'include_redundant_members') ?? false;
    this.unreadThreadNotifications = flag(json, 'unread_thread_notifications') ?? false;
    this.isFederationFormat = json['event_format'] === 'federation';
    this.types = list(json, 'types');
    this.notTypes = list(json, 'not_types') ?? [];
    this.senders = list(json, 'senders');
    this.notSenders = list(json, 'not_senders') ?? [];
    this.rooms = list(json, 'rooms');
    this.notRooms = list(json, 'not_rooms') ?? [];
    this.labels = list(json, 'org.matrix.labels');
    this.notLabels = list(json, 'org.matrix.not_labels') ?? [];
    this.containsUrl = flag(json, 'contains_url');
    this.relatedBySenders = list(json, 'related_by_senders') ?? [];
    this.relatedByTypes = list(json, 'related_by_rel_types') ?? [];
  }

  /** What the store can leave out; the rest is for {@link apply}. */
  get selection(): EventSelection {
    const { types, notTypes, senders, notSenders, relatedBySenders, relatedByTypes } = this;
    return {
      types: types ?? [],
      notTypes,
      senders: senders ?? [],
      notSenders,
      relatedBySenders,
      relatedByTypes,
      containsUrl: this.containsUrl === true,
    };
  }

  /** Nothing can pass. */
  get isEmpty(): boolean {
    const isNothing = (allowed: readonly string[] | undefined, refused: readonly string[]): boolean =>
      allowed?.length === 0 || refused.includes('*');
    return (
      isNothing(this.types, this.notTypes) ||
      isNothing(this.senders, this.notSenders) ||
      isNothing(this.rooms, this.notRooms)
    );
  }

  /** The rooms that it names; undefined when it names none. */
  get namedRooms(): readonly string[] | undefined {
    return this.rooms;
  }

  /** Whether it names rooms, and not this one: nothing of it need be read. */
  isForOthers(roomId: RoomId): boolean {
    return (
      this.notRooms.includes(roomId) || (this.rooms !== undefined && this.rooms.length > 0 && !this.takesRoom(roomId))
    );
  }

  /** Whether this room's events may pass. */
  takesRoom(roomId: RoomId): boolean {
    return passes(this.rooms, this.notRooms, (value) => value === roomId);
  }

  /** The same filter that takes further rooms, when it names rooms at all. */
  withRooms(rooms: Iterable<string>): EventFilter {
    if (this.rooms === undefined) return this;
    return new EventFilter({ ...this.json, rooms: [...this.rooms, ...rooms] });
  }

  /** Whether an event passes, whatever relates to it. */
  matches(event: Pick<RoomEvent, 'type' | 'sender' | 'roomId' | 'content'>): boolean {
    const { type, sender, roomId, content } = event;
    const given = content['org.matrix.labels'];
    const labels = itemsOf(given);
    return (
      this.takesRoom(roomId) &&
      passes(this.senders, this.notSenders, (value) => value === sender) &&
      passes(this.types, this.notTypes, (value) => matchesType(type, value)) &&
      passes(this.labels, this.notLabels, (value) => labels.includes(value)) &&
      (this.containsUrl === undefined || this.containsUrl === (typeof content['url'] === 'string'))
    );
  }

  /** Whether something of this type and sender passes (presence, account data and the like). */
  matchesPlain(type: string, sender?: string): boolean {
    return (
      passes(this.senders, this.notSenders, (value) => value === sender) &&
      passes(this.types, this.notTypes, (value) => matchesType(type, value))
    );
  }

  /** The events that pass. */
  apply(events: readonly RoomEvent[], relations: RelationStore): RoomEvent[] {
    const matching = events.filter((event) => this.matches(event));
    const { relatedBySenders: senders, relatedByTypes: types } = this;
    if (senders.length === 0 && types.length === 0) return matching;
    return matching.filter((event) => relations.isRelatedBy(event.eventId, senders, types));
  }
}

function passes(
  allowed: readonly string[] | undefined,
  refused: readonly string[],
  matches: (value: string) => boolean,
): boolean {
  return !refused.some(matches) && (allowed === undefined || allowed.some(matches));
}

function matchesType(type: string, pattern: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

function list(json: JsonObject, name: string): readonly string[] | undefined {
  const value = json[name];
  if (value === undefined || value === null) return undefined;
  if (!isJsonArray(value)) throw wrong(name, 'a list');
  if (!isStringArray(value)) throw wrong(name, 'a list of strings');
  return value;
}

function flag(json: JsonObject, name: string): boolean | undefined {
  const value = json[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrong(name, 'a boolean');
  return value;
}

function number(json: JsonObject, name: string): number | undefined {
  const value = json[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw wrong(name, 'a number');
  return value;
}

function wrong(name: string, expected: string): SynapseError {
  return new SynapseError(400, `filter.${name} must be ${expected}`, Codes.BAD_JSON);
}
