import { isOnServer, type RoomId, type UserId } from '../../../matrix/ids.js';
import type { JsonObject, JsonValue } from '../../../matrix/json.js';
import type { HomeserverContext } from '../../runtime/context.js';
import type { RoomStore, StoredRoom } from '../../store/room-store.js';
import type { RoomEvent } from '../model/room-event.js';
import type { RoomState } from '../model/room-state.js';
import type { Room, Rooms } from '../model/rooms.js';

/** What lists of rooms show of a room (`storage/databases/main/stats.py: room_stats_state`). */
export interface RoomSummary {
  readonly roomId: RoomId;
  readonly version: string;
  readonly creator: UserId | '';
  readonly isPublic: boolean;
  readonly name: string | null;
  readonly topic: string | null;
  readonly canonicalAlias: string | null;
  readonly avatar: string | null;
  readonly joinRule: string | null;
  readonly historyVisibility: string | null;
  readonly guestAccess: string | null;
  readonly encryption: string | null;
  readonly roomType: string | null;
  readonly isFederatable: boolean;
  readonly joinedMembers: number;
  readonly joinedLocalMembers: number;
  readonly stateEvents: number;
}

/** Sums up rooms. */
export class RoomSummaries {
  constructor(
    private readonly rooms: Rooms,
    private readonly store: RoomStore,
    private readonly context: Pick<HomeserverContext, 'config' | 'serverName'>,
  ) {}

  /** Without `stats` Synapse counts nothing, and lists that live on the counts stay empty. */
  get areKept(): boolean {
    return this.context.config.stats.enabled;
  }

  /** A room in short, or undefined. */
  find(roomId: RoomId): RoomSummary | undefined {
    const row = this.store.find(roomId);
    return row === undefined ? undefined : this.summarize(row);
  }

  /** All rooms. */
  all(): readonly RoomSummary[] {
    return this.areKept ? this.store.all().map((row) => this.summarize(row)) : [];
  }

  /** The rooms in the room directory that somebody can find useful there. */
  published(): readonly RoomSummary[] {
    if (!this.areKept) return [];
    return this.store
      .published()
      .map((row) => this.summarize(row))
      .filter((room) => room.joinedMembers > 0 && isWorthListing(room));
  }

  private summarize(row: StoredRoom): RoomSummary {
    const room: Room | undefined = this.rooms.find(row.room_id);
    const state = room?.state;
    const joined = state?.usersWith('join') ?? [];
    return {
      roomId: row.room_id,
      version: row.version,
      creator: row.creator,
      isPublic: row.is_public === 1,
      name: textOf(state, 'm.room.name', 'name'),
      topic: topicOf(state?.get('m.room.topic', '')),
      canonicalAlias: textOf(state, 'm.room.canonical_alias', 'alias'),
      avatar: textOf(state, 'm.room.avatar', 'url'),
      joinRule: textOf(state, 'm.room.join_rules', 'join_rule'),
      historyVisibility: textOf(state, 'm.room.history_visibility', 'history_visibility'),
      guestAccess: textOf(state, 'm.room.guest_access', 'guest_access'),
      encryption: textOf(state, 'm.room.encryption', 'algorithm'),
      roomType: textOf(state, 'm.room.create', 'type'),
      isFederatable: state?.get('m.room.create', '')?.content['m.federate'] !== false,
      joinedMembers: joined.length,
      joinedLocalMembers: joined.filter((userId) => isOnServer(userId, this.context.serverName)).length,
      stateEvents: state?.size ?? 0,
    };
  }
}

/** A room as the room directory shows it. */
export function directoryEntry(room: RoomSummary): JsonObject {
  return {
    room_id: room.roomId,
    num_joined_members: room.joinedMembers,
    world_readable: room.historyVisibility === 'world_readable',
    guest_can_join: room.guestAccess === 'can_join',
    ...present({
      name: room.name,
      topic: room.topic,
      canonical_alias: room.canonicalAlias,
      avatar_url: room.avatar,
      join_rule: room.joinRule,
      room_type: room.roomType,
    }),
  };
}

/** The members that are not null. */
export function present(values: Readonly<Record<string, JsonValue>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function isWorthListing({ joinRule, historyVisibility }: RoomSummary): boolean {
  return (
    joinRule === 'public' ||
    joinRule === 'knock' ||
    joinRule === 'knock_restricted' ||
    historyVisibility === 'world_readable'
  );
}

function textOf(state: RoomState | undefined, type: string, key: string): string | null {
  const value = state?.get(type, '')?.content[key];
  return typeof value === 'string' ? value : null;
}

function topicOf(event: RoomEvent | undefined): string | null {
  const topic = event?.content['topic'];
  return typeof topic === 'string' ? topic : null;
}
